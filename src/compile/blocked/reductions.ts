import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { type BlockSize, reshape } from "./layout.ts";

/** Products that are summed in one chain: as many as a plane of 32² has. More would cost precision. */
const CHAIN = 1024;

/**
 * The mean over N of the planes' means: [N,Cp,1,1] → [Cp]. Reducing one axis of a matrix is several times faster than
 * three of four.
 */
function meanOverBatch(g: GraphBuilder, planes: Value): Value {
  const [N, channels] = shapeOf(planes) as readonly [number, number];
  return g.op("ReduceMean", [reshape(g, planes, [N, channels]), g.ints([0])], { keepdims: 0 });
}

/** Means over N, H and W of a blocked value: [Cp]. Means of means are faster and more accurate than one long sum. */
export function channelMean(g: GraphBuilder, x: Value): Value {
  return meanOverBatch(g, g.op("BlockedGlobalAveragePool", [x]));
}

/** The number of rows of a plane summed together: the largest divisor of H that keeps the chain short, at least one. */
function chainRows(H: number, W: number): number {
  const most = Math.max(1, Math.floor(CHAIN / W));
  for (let rows = Math.min(H, most); rows > 1; rows--) if (H % rows === 0) return rows;
  return 1;
}

/**
 * Sums over N, H and W of the product of two blocked values of the same shape: [Cp].
 *
 * A plane's dot product is a depthwise convolution whose kernel is the other plane: with [N,C/b,H,W,b] read as one
 * image of N·C channels, the second value already lies in memory as its kernel. The product is never written.
 */
export function channelDot(g: GraphBuilder, a: Value, b: Value, block: BlockSize): Value {
  const [N, channels, H, W] = shapeOf(a) as readonly [number, number, number, number];
  const rows = chainRows(H, W);
  const parts = H / rows;
  const planes = N * channels * parts;
  const dots = g.op("BlockedConv", [reshape(g, a, [1, planes, rows, W]), reshape(g, b, [planes, 1, rows, W])], {
    kernel_shape: [rows, W],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
    group: planes,
  });
  if (parts === 1) return sumOverBatch(g, reshape(g, dots, [N, channels]));
  const apart = reshape(g, dots, [(N * channels) / block, parts, block]);
  const joined = g.op("ReduceSum", [apart, g.ints([1])], { keepdims: 0 });
  return sumOverBatch(g, reshape(g, joined, [N, channels]));
}

function sumOverBatch(g: GraphBuilder, perSample: Value): Value {
  return g.op("ReduceSum", [perSample, g.ints([0])], { keepdims: 0 });
}

/** Means over N, H and W of the product of two blocked values of the same shape: [Cp]. */
export function channelMeanProduct(g: GraphBuilder, a: Value, b: Value, block: BlockSize): Value {
  const [N, , H, W] = shapeOf(a) as readonly [number, number, number, number];
  return g.op("Mul", [channelDot(g, a, b, block), g.fill(1 / (N * H * W))]);
}
