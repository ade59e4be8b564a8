import { describeModule } from "../../nn/describe.ts";
import { countCosts } from "../../nn/describe.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import { createModel, findModelPlan } from "../../nn/models.ts";
import { type Module, walkModules } from "../../nn/module.ts";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import { nameShortcut } from "../../onnx/analysis/describe-graph.ts";
import { ResiduaError } from "../../tensor/errors.ts";
import { sameShape, type Shape } from "../../tensor/shape.ts";
import { describeNetwork } from "../../networks/describe.ts";
import type { GraphNetwork } from "../../networks/file.ts";

/** Parameters and multiply-adds of one image. */
export interface Cost {
  readonly parameters: number;
  readonly multiplyAdds: number;
}

/** What advice looks at in one block. */
export interface BlockFacts {
  readonly name: string;
  /** What its shortcut resolves to, in words; "none" without one. */
  readonly shortcut: string;
  /** Whether channels and size stay. */
  readonly keepsShape: boolean;
  /** Whether the plane shrinks. */
  readonly shrinks: boolean;
}

/** What advice looks at in a network. */
export interface NetworkFacts {
  readonly title: string;
  /** Name and options, where it is one of Residua's: only then can it be built otherwise, and measured. */
  readonly model?: { readonly name: string; readonly options: ModelOptions };
  /** Convolutions and matrix products on the longest way; projections do not count. */
  readonly depth: number;
  readonly order: "post-activation" | "pre-activation" | "unknown";
  readonly isBottleneck: boolean;
  readonly blocks: readonly BlockFacts[];
  /** Option names that reach something in the network. */
  readonly accepts: readonly string[];
  readonly cost?: Cost;
  /** What the network would cost with another shortcut type, where it can have it. */
  readonly costs: Readonly<Partial<Record<ShortcutType, Cost>>>;
}

const compared: readonly ShortcutType[] = ["plain", "pad", "project", "project-all"];

function countLayers(module: Module): number {
  return Array.from(walkModules(module)).filter(
    ({ path, module: { kind, facts } }) =>
      /^(Conv(Transpose)?\dd|Linear)$/.test(kind) &&
      facts.beside !== true &&
      !/(^|\.)(downsample|proj|shortcut|gate|se|fc\d)(\.|$)/.test(path),
  ).length;
}

/**
 * Facts of a network of Residua's own.
 * @param options as `createModel` takes them
 * @throws {OptionError} if the name is unknown
 */
export function factsOfModel(name: string, options: ModelOptions, imageShape?: Shape): NetworkFacts {
  const named = createModel(name, options);
  const shape = imageShape ?? named.imageShape;
  const { plan } = findModelPlan(name);
  const { blocks, parameters, multiplyAdds } = describeModule(named.module, shape);
  const kinds = new Set(blocks.map(({ kind }) => kind));
  const costOf = (shortcut: ShortcutType): readonly (readonly [ShortcutType, Cost])[] => {
    if (!plan.shortcuts.includes(shortcut)) return [];
    try {
      return [[shortcut, countCosts(createModel(name, { ...options, shortcut }).module, shape)]];
    } catch (error) {
      // Some shapes no type can follow, such as fewer channels with padding.
      if (error instanceof ResiduaError) return [];
      throw error;
    }
  };
  return {
    title: `${name}, ${named.options.shortcut}`,
    model: { name, options: named.options },
    depth: countLayers(named.module),
    order: [...kinds].some((kind) => kind.startsWith("PreAct"))
      ? "pre-activation"
      : [...kinds].some((kind) => kind === "BasicBlock" || kind.endsWith("Bottleneck"))
        ? "post-activation"
        : "unknown",
    isBottleneck: [...kinds].some((kind) => kind.endsWith("Bottleneck")),
    blocks: blocks.map((row) => ({
      name: row.path,
      shortcut: row.shortcut ?? "none",
      keepsShape: sameShape(row.inputShape, row.outputShape),
      shrinks: row.inputShape.slice(1).some((extent, axis) => extent > row.outputShape[axis + 1]),
    })),
    accepts: plan.accepts,
    cost: { parameters, multiplyAdds },
    costs: Object.fromEntries(compared.flatMap(costOf)),
  };
}

/** Facts of a network that is known by its graph alone: what its shortcuts are, where they lie, how deep it is. */
export function factsOfGraph(title: string, network: GraphNetwork): NetworkFacts {
  const found = describeNetwork(network);
  const added = found.shortcuts.filter(({ join, kind }) => join === "add" && kind !== "other channels");
  const isProjection = ({ kind }: (typeof added)[number]): boolean => kind === "projection";
  return {
    title,
    depth: found.layers - added.filter(isProjection).length,
    order: "unknown",
    isBottleneck: added.some(({ layers }) => layers === 3),
    blocks: added.map((shortcut) => ({
      name: shortcut.to,
      shortcut: nameShortcut(shortcut),
      keepsShape: !/projection|padded|subsampled|pooled/.test(shortcut.kind),
      shrinks: /subsampled|pooled/.test(shortcut.kind),
    })),
    accepts: [],
    ...(found.multiplyAdds === undefined
      ? {}
      : { cost: { parameters: found.parameters, multiplyAdds: found.multiplyAdds } }),
    costs: {},
  };
}
