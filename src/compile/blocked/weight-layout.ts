import { type GraphBuilder, indexTensor, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { float32 } from "../../tensor/tensor.ts";
import type { Layout } from "../lowering.ts";
import type { ConvolutionPlan } from "./convolution-plan.ts";
import { reshape, roundUp } from "./layout.ts";

/**
 * How a convolution's weight is stored, also between steps. With b the block, i and o channels within one:
 *
 * | plan | logical | stored |
 * |---|---|---|
 * | dense | [O, C/groups, kh, kw] | [O/b, C'/b, kh, kw, b(i), b(o)], C' the input channels of a merged group |
 * | image | [O, C, kh, kw] | [O/b, C, kh, kw, b(o)] |
 * | depthwise | [C, 1, kh, kw] | [C/b, 1, kh, kw, b(o)] |
 *
 * It is declared with four axes, channels rounded up. Entries without a logical counterpart (padding, and those off the
 * diagonal of merged groups) are zero and stay zero.
 */
export interface WeightLayout extends Layout {
  /** Whether some stored entries have no logical counterpart. */
  readonly hasPadding: boolean;
}

/** Logical input channel behind an entry of a dense weight, or −1. */
function sourceChannel(plan: ConvolutionPlan, out: number, inGroup: number): number {
  const { groups, inChannels, outChannels, inBlocks, outBlocks, block } = plan;
  if (out >= outChannels) return -1;
  if (groups === 1) return inGroup < inChannels ? inGroup : -1;
  const merged = Math.floor(out / (outBlocks * block));
  const channel = merged * inBlocks * block + inGroup;
  const perGroup = inChannels / groups;
  const group = Math.floor(out / (outChannels / groups));
  return Math.floor(channel / perGroup) === group ? channel % perGroup : -1;
}

/** Takes each stored entry in memory order, and the logical one behind it, or −1. */
type VisitEntry = (at: number, origin: number) => void;

function visitDense(plan: ConvolutionPlan, visit: VisitEntry): void {
  const { block, inBlocks, outBlocks, blockedGroups, kernel, inChannels, groups } = plan;
  const taps = kernel[0] * kernel[1];
  const perGroup = inChannels / groups;
  let at = 0;
  for (let outBlock = 0; outBlock < blockedGroups * outBlocks; outBlock++) {
    for (let inBlock = 0; inBlock < inBlocks; inBlock++) {
      for (let tap = 0; tap < taps; tap++) {
        for (let i = 0; i < block; i++) {
          for (let o = 0; o < block; o++) {
            const out = outBlock * block + o;
            const channel = sourceChannel(plan, out, inBlock * block + i);
            visit(at++, channel < 0 ? -1 : (out * perGroup + channel) * taps + tap);
          }
        }
      }
    }
  }
}

function visitOutermostBlocked({ block, outChannels }: ConvolutionPlan, inner: number, visit: VisitEntry): void {
  let at = 0;
  for (let first = 0; first < outChannels; first += block) {
    for (let rest = 0; rest < inner; rest++) {
      for (let o = 0; o < block; o++) visit(at++, first + o < outChannels ? (first + o) * inner + rest : -1);
    }
  }
}

/** The layout of the weight of a convolution. Equal names mean equal layouts. */
export function weightLayout(plan: ConvolutionPlan): WeightLayout {
  const { kind, block, groups, inChannels, outChannels, kernel, blockedGroups, inBlocks, outBlocks } = plan;
  const inGroup = inChannels / groups;
  const logicalShape = [outChannels, inGroup, ...kernel];
  const shape =
    kind === "dense"
      ? [blockedGroups * outBlocks * block, inBlocks * block, ...kernel]
      : [roundUp(outChannels, block), inGroup, ...kernel];
  const visit = (each: VisitEntry): void =>
    kind === "dense" ? visitDense(plan, each) : visitOutermostBlocked(plan, inGroup * kernel[0] * kernel[1], each);
  return {
    name: `${kind}${block}/${groups}`,
    logicalShape,
    shape,
    hasPadding: sizeOf(shape) !== sizeOf(logicalShape),
    source: () => {
      const source = new Int32Array(sizeOf(shape));
      visit((at, origin) => void (source[at] = origin));
      return source;
    },
    pack: ({ data }) => {
      const stored = new Float32Array(sizeOf(shape));
      visit((at, origin) => {
        if (origin >= 0) stored[at] = data[origin] as number;
      });
      return float32(shape, stored);
    },
    unpack: ({ data }) => {
      const logical = new Float32Array(sizeOf(logicalShape));
      visit((at, origin) => {
        if (origin >= 0) logical[origin] = data[at] as number;
      });
      return float32(logicalShape, logical);
    },
  };
}

/** Packs inside the graph, entry by entry: for weights that are computed rather than stored. */
export function packInGraph(g: GraphBuilder, weight: Value, layout: Layout): Value {
  const size = sizeOf(layout.logicalShape);
  const withZero = g.op("Concat", [reshape(g, weight, [size]), g.fill(0, [1])], { axis: 0 });
  const indices = layout.source().map((origin) => (origin < 0 ? size : origin));
  return reshape(g, gatherRows(g, withZero, constantIndices(g, indices)), layout.shape);
}

/** Undoes {@link packInGraph}. */
export function unpackInGraph(g: GraphBuilder, stored: Value, layout: Layout): Value {
  const indices = new Int32Array(sizeOf(layout.logicalShape));
  layout.source().forEach((origin, at) => {
    if (origin >= 0) indices[origin] = at;
  });
  const flat = reshape(g, stored, [sizeOf(layout.shape)]);
  return reshape(g, gatherRows(g, flat, constantIndices(g, indices)), layout.logicalShape);
}

/** Sets the entries that have no logical counterpart to zero. */
export function clearPadding(g: GraphBuilder, stored: Value, layout: WeightLayout): Value {
  if (!layout.hasPadding) return stored;
  const mask = Float32Array.from(layout.source(), (origin) => (origin < 0 ? 0 : 1));
  return g.op("Mul", [stored, g.constant(float32(shapeOf(stored), mask))]);
}

/** Row numbers as a constant of the graph. */
export function constantIndices(g: GraphBuilder, rows: Int32Array): Value {
  return g.constant(indexTensor([rows.length], rows));
}

/** Rows of x by int32 index; ONNX Runtime copies them with all threads. */
export function gatherRows(g: GraphBuilder, x: Value, rows: Value): Value {
  return g.op("Gather", [x, rows], { axis: 0 });
}
