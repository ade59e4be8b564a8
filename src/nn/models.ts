import { OptionError } from "../tensor/errors.ts";
import { cifarResnet, imagenetDepths, imagenetResnet, type ResnetOptions } from "./families/resnet.ts";
import type { Module } from "./module.ts";

/** Options of a model by name; what is left out is the published default. */
export type ModelOptions = Partial<ResnetOptions>;

/** A network with what is needed to make it again. */
export interface NamedModel {
  readonly name: string;
  /** The options with every default filled in. */
  readonly options: ResnetOptions;
  readonly module: Module;
  /** Images `[channels, H, W]` that the network was designed for. */
  readonly imageShape: readonly [channels: number, height: number, width: number];
}

interface Entry {
  readonly depth: number;
  readonly build: (depth: number, options: ResnetOptions) => Module;
  readonly classes: number;
  readonly side: number;
}

const cifar = (depth: number): Entry => ({ depth, build: cifarResnet, classes: 10, side: 32 });
const imagenet = (depth: number): Entry => ({ depth, build: imagenetResnet, classes: 1000, side: 224 });

function findEntry(name: string): Entry {
  const match = /^(cifar-)?resnet(\d+)$/.exec(name);
  const depth = Number(match?.[2]);
  if (match?.[1] === undefined && imagenetDepths.includes(depth)) return imagenet(depth);
  if (match !== null && depth >= 8 && (depth - 2) % 6 === 0) return cifar(depth);
  throw new OptionError(
    "--model",
    `unknown model "${name}"; must be resnet18, 34, 50, 101 or 152 (ImageNet) or resnet{6n+2} such as resnet20, resnet56, resnet110 (CIFAR; cifar-resnet50 and cifar-resnet152 for those two)`,
  );
}

/** The name of the CIFAR ResNet of this depth: ImageNet's come first, so 50 and 152 take a prefix. */
export function cifarModelName(depth: number): string {
  return imagenetDepths.includes(depth) ? `cifar-resnet${depth}` : `resnet${depth}`;
}

/** Names to show in a list; any depth 6n + 2 is there besides. */
export const modelNames: readonly string[] = [
  ...[8, 14, 20, 32, 44, 56, 110].map(cifarModelName),
  ...imagenetDepths.map((depth) => `resnet${depth}`),
];

/**
 * Makes a network by its name, such as "resnet20" (CIFAR) or "resnet50" (ImageNet).
 * @throws {OptionError} if the name is unknown or an option is out of its range
 */
export function createModel(name: string, options: ModelOptions = {}): NamedModel {
  const entry = findEntry(name);
  const full: ResnetOptions = { shortcut: "project", channels: 3, classes: entry.classes, ...options };
  for (const key of ["channels", "classes"] as const) {
    if (!Number.isInteger(full[key]) || full[key] < 1)
      throw new OptionError(key, `must be a whole number above 0, got ${full[key]}`);
  }
  return {
    name,
    options: full,
    module: entry.build(entry.depth, full),
    imageShape: [full.channels, entry.side, entry.side],
  };
}
