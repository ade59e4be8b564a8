import { OptionError } from "../tensor/errors.ts";
import { constantInitializer, kaimingNormal } from "./initialization.ts";
import { defineModule, type Initializer, type Module } from "./module.ts";
import { type LayerScale, layerScaleStarts } from "./shortcuts/layer-scale.ts";

// Residual networks without batch norm: their conditions, and what takes its place.

/** What keeps signals of one size from block to block: batch norm, a factor on F alone (SkipInit), or Fixup. */
export type NormKind = "batch" | "none" | "fixup";

export const normKinds: readonly NormKind[] = ["batch", "none", "fixup"];

/** Options that bear on a network without batch norm. */
interface NormOptions {
  readonly norm?: NormKind;
  readonly shortcut: string;
  readonly layerScale?: LayerScale;
  readonly layerScaleInit?: number;
  readonly attention?: string;
  readonly stem?: string;
  readonly normEpsilon?: number;
  readonly projectionNorm?: boolean;
  readonly zeroInitResidual?: boolean;
  readonly diracInit?: boolean;
}

/** Each option that does not go together with a network without batch norm: what it may be, and why. */
type Condition = readonly [name: keyof NormOptions, holds: (options: NormOptions) => boolean, why: string];

/** Shortcuts under which a block that starts as its shortcut starts as the identity, but where shapes change. */
const carriesInput = ({ shortcut }: NormOptions): boolean => shortcut === "pad" || shortcut === "project";

const always: readonly Condition[] = [
  [
    "shortcut",
    carriesInput,
    'must be "pad" or "project" without batch norm: only they carry a block\'s input on unchanged',
  ],
  ["normEpsilon", ({ normEpsilon }) => normEpsilon === undefined, 'applies only with "norm" of batch'],
  ["projectionNorm", ({ projectionNorm = false }) => !projectionNorm, 'applies only with "norm" of batch'],
  ["zeroInitResidual", ({ zeroInitResidual = false }) => !zeroInitResidual, 'applies only with "norm" of batch'],
];

const conditions: { readonly [Kind in NormKind]: readonly Condition[] } = {
  batch: [],
  none: [
    ...always,
    [
      "layerScale",
      ({ layerScale = "none" }) => layerScale !== "none",
      'must be scalar (SkipInit) or channel with "norm" of none: without norm and factor, signals grow from block to block',
    ],
    ["attention", ({ attention }) => attention !== "cbam", 'must not be cbam with "norm" of none: it has a batch norm'],
  ],
  fixup: [
    ...always,
    [
      "layerScale",
      ({ layerScale = "none" }) => layerScale === "none",
      "must be none with Fixup, which has a factor of its own",
    ],
    ["diracInit", ({ diracInit = false }) => !diracInit, "must be false with Fixup, which says how convolutions start"],
    [
      "attention",
      ({ attention = "none" }) => attention === "none",
      "must be none with Fixup, whose rule is for branches of convolutions alone",
    ],
    ["stem", ({ stem }) => stem !== "deep", "must not be deep with Fixup, whose rule is for a stem of one convolution"],
  ],
};

/**
 * Refuses options that a network without batch norm cannot have.
 * @throws {OptionError} naming the option and the condition
 */
export function requireNorm(options: NormOptions): void {
  for (const [name, holds, why] of conditions[options.norm ?? "batch"])
    if (!holds(options)) throw new OptionError(name, why);
}

/**
 * Refuses a factor on F that starts too high to stand in for batch norm, which shrinks branches by about √L.
 * @param branches L, the number of residual branches
 * @throws {OptionError} naming the option
 * @source De and Smith 2020, arXiv:2002.10444, section 4: a start of at most 1/√L
 */
export function requireSmallStart({ norm, layerScale = "none", layerScaleInit }: NormOptions, branches: number): void {
  if (norm !== "none" || layerScale === "none") return;
  const start = Math.abs(layerScaleInit ?? layerScaleStarts[layerScale]);
  const most = 1 / Math.sqrt(branches);
  if (start > most)
    throw new OptionError(
      "layerScaleInit",
      `must be at most 1/√L = ${most.toPrecision(3)} for ${branches} blocks with "norm" of none, got ${layerScaleInit}`,
    );
}

/**
 * He et al. 2015 (fan-out), times L^(−1/(2m−2)): together, L branches of m layers then change the network's output by as much
 * in a step as one layer does.
 * @source Zhang et al. 2019, arXiv:1901.09321, section 3, rule 2
 */
export function fixupStart(branches: number, layers: number): Initializer {
  const factor = branches ** (-1 / (2 * layers - 2));
  const usual = kaimingNormal("fan-out");
  return (shape, stream) => usual(shape, stream).map((value) => factor * value);
}

/** x + b with one b, which starts at 0. @shape any → the same */
export function scalarBias(): Module {
  const bias = { shape: [1], role: "bias", initialize: constantInitializer(0) } as const;
  return defineModule("ScalarBias", { parameters: { bias } }, ({ g, parameter }, x) =>
    g.op("Add", [x, parameter("bias")]),
  );
}

/** s·x with one s, which starts at 1. @shape any → the same */
export function scalarFactor(): Module {
  const weight = { shape: [1], role: "norm", initialize: constantInitializer(1) } as const;
  return defineModule("ScalarFactor", { parameters: { weight } }, ({ g, parameter }, x) =>
    g.op("Mul", [x, parameter("weight")]),
  );
}

/** x: what stands in a norm's place. */
export function noNorm(): Module {
  return defineModule("Identity", {}, (_, x) => x);
}
