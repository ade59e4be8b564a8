import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { ConvAttributes, ConvTransposeAttributes } from "../../onnx/operators/convolution.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32 } from "../../tensor/tensor.ts";

/** Attributes of a convolution, its kernel spelled out and its groups left to be filled in. */
type Windowed<Attributes> = Omit<Attributes, "group"> & { readonly kernel_shape: Shape };

/** For each channel and each place of the kernel a filter that is 1 there and 0 elsewhere: `[C·places,1,…kernel]` */
function placeFilters(g: GraphBuilder, channels: number, kernel: Shape): Value {
  const places = sizeOf(kernel);
  const identity = Float32Array.from({ length: places * places }, (_, at) => (at % (places + 1) === 0 ? 1 : 0));
  const filters = g.op("Expand", [
    g.constant(float32([1, places, places], identity)),
    g.ints([channels, places, places]),
  ]);
  return g.op("Reshape", [filters, g.ints([channels * places, 1, ...kernel])]);
}

/**
 * Each channel once for every place of the window, displaced by it: `[N,C,…]` → `[N,C·places,…]`, PyTorch's `Unfold`. As a depthwise
 * convolution it is one pass, on all threads, where `Pad` and `Slice` copy for each place on one.
 */
export function unfold(g: GraphBuilder, x: Value, window: Windowed<ConvAttributes>): Value {
  const [, channels] = shapeOf(x);
  return g.op("Conv", [x, placeFilters(g, channels, window.kernel_shape)], { ...window, group: channels });
}

/** The transposed: adds up what `unfold` took apart, `[N,C·places,…]` → `[N,C,…]`, PyTorch's `Fold`. */
export function fold(g: GraphBuilder, columns: Value, window: Windowed<ConvTransposeAttributes>): Value {
  const channels = shapeOf(columns)[1] / sizeOf(window.kernel_shape);
  return g.op("ConvTranspose", [columns, placeFilters(g, channels, window.kernel_shape)], {
    ...window,
    group: channels,
  });
}
