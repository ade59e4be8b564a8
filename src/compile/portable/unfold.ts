import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { ConvAttributes } from "../../onnx/operators/convolution.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32 } from "../../tensor/tensor.ts";

/** Attributes of a convolution, its kernel spelled out and its groups left to be filled in. */
type UnfoldAttributes = Omit<ConvAttributes, "group"> & { readonly kernel_shape: Shape };

/** How many outputs ONNX Runtime's WebGPU kernel computes together, even where they are of two groups (1.30). */
const TOGETHER = 4;

/** How many channels `unfold` makes of one: a place each, and zeros up to a number at which no group's end is overrun. */
export function unfoldedCount(kernel: Shape): number {
  const places = sizeOf(kernel);
  return places < TOGETHER ? places : Math.ceil(places / TOGETHER) * TOGETHER;
}

/** For each channel `unfoldedCount` filters, each 1 at one place of the kernel and 0 elsewhere, or 0 everywhere: `[C·count,1,…kernel]` */
function placeFilters(g: GraphBuilder, channels: number, kernel: Shape): Value {
  const [places, count] = [sizeOf(kernel), unfoldedCount(kernel)];
  const diagonal = new Float32Array(count * places);
  for (let place = 0; place < places; place++) diagonal[place * places + place] = 1;
  const filters = g.op("Expand", [
    g.constant(float32([1, count, places], diagonal)),
    g.ints([channels, count, places]),
  ]);
  return g.op("Reshape", [filters, g.ints([channels * count, 1, ...kernel])]);
}

/**
 * Each channel once for every place of the window, displaced by it: `[N,C,…]` → `[N,C·count,…]`, PyTorch's `Unfold` but for the
 * channels of zeros that `unfoldedCount` adds. As a depthwise convolution it is one pass, on all threads, where `Pad` and `Slice`
 * copy for each place on one.
 */
export function unfold(g: GraphBuilder, x: Value, window: UnfoldAttributes): Value {
  const [, channels] = shapeOf(x);
  return g.op("Conv", [x, placeFilters(g, channels, window.kernel_shape)], { ...window, group: channels });
}
