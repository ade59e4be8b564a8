import { describe, expect, test } from "vitest";
import { createGraphBuilder } from "../../onnx/builder.ts";
import { noiseTensor } from "../../../test/support/noise.ts";
import { runGraph } from "../../../test/support/run-graph.ts";
import { unfold, unfoldedCount } from "./unfold.ts";

type Pair = readonly [number, number];
const windows: readonly { kernel: Pair; stride: number; dilation: number; pad: number; count: number }[] = [
  { kernel: [1, 3], stride: 1, dilation: 1, pad: 1, count: 3 },
  { kernel: [2, 2], stride: 2, dilation: 1, pad: 0, count: 4 },
  { kernel: [3, 3], stride: 2, dilation: 1, pad: 1, count: 12 },
  { kernel: [3, 3], stride: 1, dilation: 2, pad: 2, count: 12 },
];
const [batch, channels, height, width] = [2, 3, 7, 6];

describe.each(windows)("a window $kernel, stride $stride, dilation $dilation", (window) => {
  const { kernel, stride, dilation, pad, count } = window;
  const [kh, kw] = kernel;
  const extent = (size: number, taps: number): number =>
    Math.floor((size + 2 * pad - dilation * (taps - 1) - 1) / stride) + 1;
  const [rows, columns] = [extent(height, kh), extent(width, kw)];
  const attributes = {
    kernel_shape: kernel,
    strides: [stride, stride],
    dilations: [dilation, dilation],
    pads: [pad, pad, pad, pad],
  };
  const x = noiseTensor(3, [batch, channels, height, width]);

  test("unfolded, each channel is there once for every place, then zeros", async () => {
    const g = createGraphBuilder("unfold");
    g.output("columns", unfold(g, g.input("x", "float32", x.shape), attributes));
    const result = (await runGraph(g.finish(), { x })).columns;
    expect(result.shape).toEqual([batch, channels * count, rows, columns]);
    expect(unfoldedCount(kernel)).toBe(count);
    const expected = Float32Array.from({ length: batch * channels * count * rows * columns }, (_, index) => {
      const [column, row] = [index % columns, Math.floor(index / columns) % rows];
      const channel = Math.floor(index / columns / rows);
      const [place, plane] = [channel % count, Math.floor(channel / count)];
      const y = row * stride - pad + Math.floor(place / kw) * dilation;
      const z = column * stride - pad + (place % kw) * dilation;
      const isInside = place < kh * kw && y >= 0 && y < height && z >= 0 && z < width;
      return isInside ? x.data[(plane * height + y) * width + z] : 0;
    });
    expect(result.data).toEqual(expected);
  });
});
