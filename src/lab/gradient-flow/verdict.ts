import type { FlowProfile, LayerFlow } from "./profile.ts";

/** What happens to the gradient on its way back through the layers. */
export interface Verdict {
  readonly kind: "vanishing" | "exploding" | "steady" | "broken";
  /** How many times larger ‖∂L/∂W‖ is at the first layer than at the last, along a straight line through its logarithms. */
  readonly factor: number;
  /** The same factor per layer, going backwards. */
  readonly perLayer: number;
  readonly layers: number;
  /** Layers whose gradient is 0, such as those behind a batch norm that starts at 0; factor and part are those of the others. */
  readonly unreached: number;
  /** The part of the network where it changes most; left out where parts cannot be told apart. */
  readonly where?: { readonly part: string; readonly perLayer: number };
}

/** Within this factor, in either direction, a gradient counts as steady: a learning rate makes up for it. */
const STEADY = 30;
/** A line through fewer points says nothing. */
const FEWEST_LAYERS = 4;

/** The slope of the least-squares line through values at 0, 1, 2 … */
export function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const average = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [products, squares] = [0, 0];
  values.forEach((value, index) => {
    products += (index - middle) * (value - average);
    squares += (index - middle) ** 2;
  });
  return products / squares;
}

/** "layer1" of "layer1.0.conv2", "stages.2" of "stages.2.blocks.0.conv1", likewise where ConvNeXt and RegNet have their stages. */
function partOf(layer: string): string {
  const [first = layer, second] = layer.split(".");
  return /^(stages|features|trunk_output)$/.test(first) && second !== undefined ? `${first}.${second}` : first;
}

function groupByPart(layers: readonly LayerFlow[]): ReadonlyMap<string, readonly LayerFlow[]> {
  const parts = new Map<string, LayerFlow[]>();
  for (const layer of layers) {
    const part = partOf(layer.layer);
    parts.set(part, [...(parts.get(part) ?? []), layer]);
  }
  return parts;
}

const growthBack = (layers: readonly LayerFlow[]): number =>
  Math.exp(-slopeOf(layers.map(({ gradient }) => Math.log(gradient))));

/**
 * Judges a profile by a line through the logarithms of its layers' gradient norms, so that no single layer decides.
 * "vanishing": at the first layer it is less than a thirtieth of what it is at the last; "exploding": more than thirtyfold;
 * "broken": some gradient is 0 or no number.
 *
 * @returns undefined for a network of too few layers
 */
export function judgeFlow({ layers }: Pick<FlowProfile, "layers">): Verdict | undefined {
  if (layers.length < FEWEST_LAYERS) return undefined;
  const reached = layers.filter(({ gradient }) => gradient !== 0);
  // One layer alone: before it, there is nothing left of the gradient.
  const perLayer = reached.length === 1 ? 0 : growthBack(reached);
  const factor = reached.length === 1 ? 0 : perLayer ** (reached.length - 1);
  const about = { factor, perLayer, layers: layers.length, unreached: layers.length - reached.length };
  if (about.unreached > 0 || !(factor > 0 && Number.isFinite(factor))) return { kind: "broken", ...about };
  const kind = factor > STEADY ? "exploding" : factor < 1 / STEADY ? "vanishing" : "steady";
  const parts = [...groupByPart(layers)].filter(([, members]) => members.length >= FEWEST_LAYERS);
  if (parts.length < 2) return { kind, ...about };
  const sign = factor < 1 ? -1 : 1;
  const grown = parts.map(([part, members]) => ({ part, perLayer: growthBack(members) }));
  const where = grown.reduce((a, b) => (sign * Math.log(b.perLayer) > sign * Math.log(a.perLayer) ? b : a));
  return { kind, ...about, where };
}

const times = (factor: number): string => `×${Number(factor.toPrecision(3))}`;

/** The verdict in one sentence. @param name the network, such as "resnet56, plain" */
export function describeVerdict(
  name: string,
  verdict: Verdict | undefined,
): { readonly en: string; readonly zh: string } {
  if (verdict === undefined) return { en: `${name}: too few layers to judge.`, zh: `${name}：层数太少，无法判断。` };
  const { kind, factor, perLayer, layers, unreached, where } = verdict;
  const en = `${times(factor)} over ${layers} layers (${times(perLayer)} per layer${where === undefined ? "" : `; most in ${where.part}, ${times(where.perLayer)} per layer`})`;
  const zh = `经过 ${layers} 层变为 ${times(factor)}（每层 ${times(perLayer)}${where === undefined ? "" : `；主要在 ${where.part}，每层 ${times(where.perLayer)}`}）`;
  switch (kind) {
    case "vanishing":
      return {
        en: `${name}: the gradient vanishes on its way back, ${en}.`,
        zh: `${name}：梯度在反向传播中消失，${zh}。`,
      };
    case "exploding":
      return {
        en: `${name}: the gradient explodes on its way back, ${en}.`,
        zh: `${name}：梯度在反向传播中爆炸，${zh}。`,
      };
    case "steady":
      return {
        en: `${name}: the gradient neither vanishes nor explodes, ${en}.`,
        zh: `${name}：梯度既不消失也不爆炸，${zh}。`,
      };
    case "broken":
      if (unreached === layers - 1)
        return {
          en: `${name}: a gradient reaches only ${layers - unreached} of ${layers} layers. A classifier that starts at 0, as Fixup's does, lets none through at the first step; train a few steps first.`,
          zh: `${name}：${layers} 层中只有 ${layers - unreached} 层得到梯度。像 Fixup 那样从 0 开始的分类头在第一步不让任何梯度通过；请先训练几步。`,
        };
      return unreached > 0 && Number.isFinite(factor)
        ? {
            en: `${name}: no gradient reaches ${unreached} of ${layers} layers; along the others it is ${times(factor)}. A factor or a batch norm that starts at 0 lets none through at first.`,
            zh: `${name}：${layers} 层中有 ${unreached} 层得不到梯度；沿其余各层变为 ${times(factor)}。从 0 开始的系数或批归一化起初不让梯度通过。`,
          }
        : { en: `${name}: no finite gradient reaches every layer.`, zh: `${name}：有些层得不到有限的梯度。` };
  }
}
