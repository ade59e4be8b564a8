import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { ConvAttributes, ConvTransposeAttributes } from "../../onnx/operators/convolution.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32 } from "../../tensor/tensor.ts";

/** Attributes of a convolution, its kernel spelled out and its groups left to be filled in. */
type Windowed<Attributes> = Omit<Attributes, "group"> & { readonly kernel_shape: Shape };

/** For each channel `count` filters, each 1 at one place of the kernel and 0 elsewhere, or 0 everywhere: `[C·count,1,…kernel]` */
function placeFilters(g: GraphBuilder, channels: number, kernel: Shape, count: number): Value {
  const places = sizeOf(kernel);
  const diagonal = new Float32Array(count * places);
  for (let place = 0; place < places; place++) diagonal[place * places + place] = 1;
  const filters = g.op("Expand", [
    g.constant(float32([1, count, places], diagonal)),
    g.ints([channels, count, places]),
  ]);
  return g.op("Reshape", [filters, g.ints([channels * count, 1, ...kernel])]);
}

/** How many outputs ONNX Runtime's WebGPU kernel computes together, even where they are of two groups (1.30). */
const TOGETHER = 4;

/** How many channels `unfold` makes of one: a place each, and zeros up to a number at which no group's end is overrun. */
export function unfoldedCount(kernel: Shape): number {
  const places = sizeOf(kernel);
  return places < TOGETHER ? places : Math.ceil(places / TOGETHER) * TOGETHER;
}

/**
 * Each channel once for every place of the window, displaced by it: `[N,C,…]` → `[N,C·count,…]`, PyTorch's `Unfold` but for the
 * channels of zeros that `unfoldedCount` adds. As a depthwise convolution it is one pass, on all threads, where `Pad` and `Slice`
 * copy for each place on one.
 */
export function unfold(g: GraphBuilder, x: Value, window: Windowed<ConvAttributes>): Value {
  const [, channels] = shapeOf(x);
  const filters = placeFilters(g, channels, window.kernel_shape, unfoldedCount(window.kernel_shape));
  return g.op("Conv", [x, filters], { ...window, group: channels });
}

/** Adds up values for every place of the window where they meet: `[N,C·places,…]` → `[N,C,…]`, PyTorch's `Fold`. */
export function fold(g: GraphBuilder, columns: Value, window: Windowed<ConvTransposeAttributes>): Value {
  const places = sizeOf(window.kernel_shape);
  const channels = shapeOf(columns)[1] / places;
  const filters = placeFilters(g, channels, window.kernel_shape, places);
  return g.op("ConvTranspose", [columns, filters], { ...window, group: channels });
}
