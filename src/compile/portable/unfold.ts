import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { ConvAttributes } from "../../onnx/operators/convolution.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32 } from "../../tensor/tensor.ts";

/** Attributes of a convolution with an explicit kernel shape; the groups are filled in later. */
type UnfoldAttributes = Omit<ConvAttributes, "group"> & { readonly kernel_shape: Shape };

/** How many outputs ONNX Runtime's WebGPU kernel computes together, even across two groups (1.30). */
const TOGETHER = 4;

/**
 * How many channels `unfold` makes from one: one per kernel position, and zeros up to a number at which no group's end
 * is overrun.
 */
export function unfoldedCount(kernel: Shape): number {
  const places = sizeOf(kernel);
  return places < TOGETHER ? places : Math.ceil(places / TOGETHER) * TOGETHER;
}

/** Whether the window's places come from first to last, or from last to first. */
export type PlaceOrder = "forwards" | "backwards";

/**
 * `unfoldedCount` filters per channel, each 1 at one kernel position and 0 elsewhere, or 0 everywhere:
 * `[C·count,1,…kernel]`
 */
export function placeFilters(g: GraphBuilder, channels: number, kernel: Shape, order: PlaceOrder = "forwards"): Value {
  const [places, count] = [sizeOf(kernel), unfoldedCount(kernel)];
  const diagonal = new Float32Array(count * places);
  for (let place = 0; place < places; place++)
    diagonal[place * places + (order === "forwards" ? place : places - 1 - place)] = 1;
  const filters = g.op("Expand", [
    g.constant(float32([1, count, places], diagonal)),
    g.ints([channels, count, places]),
  ]);
  return g.op("Reshape", [filters, g.ints([channels * count, 1, ...kernel])]);
}

/**
 * Each channel once per window position, displaced by it: `[N,C,…]` → `[N,C·count,…]`, PyTorch's `Unfold` except for
 * the channels of zeros that `unfoldedCount` adds. As a depthwise convolution it is one pass on all threads, whereas
 * `Pad` and `Slice` copy once per position on one thread.
 */
export function unfold(g: GraphBuilder, x: Value, window: UnfoldAttributes, order?: PlaceOrder): Value {
  const [, channels] = shapeOf(x);
  return g.op("Conv", [x, placeFilters(g, channels, window.kernel_shape, order)], { ...window, group: channels });
}
