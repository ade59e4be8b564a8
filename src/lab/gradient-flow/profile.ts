import { type BlockQuantity, type FlowGraph, flowNames, type LayerQuantity } from "./graph.ts";

/** One layer with weights at one step. */
export interface LayerFlow {
  readonly layer: string;
  /** ‖∂L/∂W‖ */
  readonly gradient: number;
  /** ‖W‖ */
  readonly weight: number;
  /** ‖ΔW‖ / ‖W‖ of the training step that follows, infinite where W was 0; left out where none was taken. */
  readonly update?: number;
  /** Of the relu behind the layer, or of the layer itself where none follows, over the batch. */
  readonly mean: number;
  readonly variance: number;
  /** Share of the relu's channels that are 0 at every place of every image; left out without a relu. */
  readonly dead?: number;
  /** Share of the relu's values that are 0. */
  readonly zeros?: number;
}

/** One block at one step. */
export interface BlockFlow {
  readonly block: string;
  readonly kind: string;
  /** ‖∂L/∂x‖ and ‖∂L/∂y‖ over the batch. */
  readonly gradientIn: number;
  readonly gradientOut: number;
  /** Means over the images of ‖F(x)‖ and ‖S(x)‖. */
  readonly residual: number;
  /** Left out where there is no shortcut. */
  readonly shortcut?: number;
  /** Mean over the images of the cosine between x and y; left out where their shapes differ. */
  readonly cosine?: number;
}

/** A network's gradient flow at one moment of its training. */
export interface FlowProfile {
  /** Updates done before. */
  readonly step: number;
  readonly loss: number;
  readonly layers: readonly LayerFlow[];
  readonly blocks: readonly BlockFlow[];
}

function known<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T;
}

/**
 * Puts what was measured into rows.
 * @param values by the names of {@link flowNames}
 * @param updates ‖ΔW‖ / ‖W‖ by the weight's state-dict name
 */
export function readProfile(
  { layers, blocks }: Pick<FlowGraph, "layers" | "blocks">,
  step: number,
  values: ReadonlyMap<string, number>,
  updates: ReadonlyMap<string, number> = new Map(),
): FlowProfile {
  const layerValue = (layer: string, quantity: LayerQuantity): number | undefined =>
    values.get(flowNames.layer(layer, quantity));
  const blockValue = (block: string, quantity: BlockQuantity): number | undefined =>
    values.get(flowNames.block(block, quantity));
  return {
    step,
    loss: values.get(flowNames.loss) ?? Number.NaN,
    layers: layers.map(({ name, weight }) =>
      known({
        layer: name,
        gradient: layerValue(name, "gradient")!,
        weight: layerValue(name, "weight")!,
        update: updates.get(weight)!,
        mean: layerValue(name, "mean")!,
        variance: layerValue(name, "variance")!,
        dead: layerValue(name, "dead")!,
        zeros: layerValue(name, "zeros")!,
      }),
    ),
    blocks: blocks.map(({ name, kind }) =>
      known({
        block: name,
        kind,
        gradientIn: blockValue(name, "gradientIn")!,
        gradientOut: blockValue(name, "gradientOut")!,
        residual: blockValue(name, "residual")!,
        shortcut: blockValue(name, "shortcut")!,
        cosine: blockValue(name, "cosine")!,
      }),
    ),
  };
}

/** ‖after − before‖ / ‖before‖; 0 where both are 0, infinite where only `before` is. */
export function relativeChange(before: ArrayLike<number>, after: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let index = 0; index < before.length; index++) {
    difference += (after[index] - before[index]) ** 2;
    size += before[index] ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / size);
}

/** ‖∂L/∂W‖ of the first layer over that of the last. */
export function endRatio({ layers }: Pick<FlowProfile, "layers">): number {
  return (layers[0]?.gradient ?? Number.NaN) / (layers.at(-1)?.gradient ?? Number.NaN);
}

/**
 * ‖∂L/∂W‖ of the first layer of each block, from the input to the output; of every layer where the blocks' layers are not known by
 * their names, or there are no blocks.
 */
export function blockGradients({
  blocks,
  layers,
}: Pick<FlowProfile, "blocks" | "layers">): readonly { readonly name: string; readonly gradient: number }[] {
  const firsts = blocks.flatMap(({ block }) => {
    const first = layers.find(({ layer }) => layer.startsWith(`${block}.`));
    return first === undefined ? [] : [{ name: block, gradient: first.gradient }];
  });
  if (firsts.length > 0 && firsts.length === blocks.length) return firsts;
  return layers.map(({ layer, gradient }) => ({ name: layer, gradient }));
}

/**
 * Steps at which to measure: the start, the end, and between them closer together at the beginning, where most happens.
 * @param count at least 2, or 1 where there are no steps
 */
export function probeSteps(steps: number, count: number): readonly number[] {
  if (steps === 0 || count < 2) return [0];
  const places = Array.from({ length: count }, (_, index) => Math.round(steps * (index / (count - 1)) ** 1.7));
  return [...new Set(places)];
}
