import { addGradients } from "../../autodiff/backward.ts";
import { addForward } from "../../nn/forward.ts";
import type { Module } from "../../nn/module.ts";
import { createGraphBuilder, type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { Runtime, SessionOptions } from "../../runtime/runtime.ts";
import { UnsupportedError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import { loadGraph } from "../../train/load-graph.ts";

/** Where a network looks for a class: a map of the last planes, 0 to 1. */
export interface ActivationMap {
  readonly height: number;
  readonly width: number;
  /** Row by row. */
  readonly values: Float32Array;
}

/** What the maps are of. */
export interface GradCamOptions {
  readonly runtime: Runtime;
  readonly module: Module;
  /** Parameters and running statistics. */
  readonly state: ReadonlyMap<string, Tensor>;
  /** Of how many classes the network gives scores. */
  readonly classes: number;
  readonly session?: SessionOptions;
}

/** The last value that still has places: what global pooling or flattening ends. */
function findLastPlanes(g: GraphBuilder): Value | undefined {
  const outputs = g.nodes().map((node) => g.value(node.outputs[0]));
  return outputs.findLast(({ shape }) => shape.length === 4 && Number(shape[2]) * Number(shape[3]) > 1);
}

/**
 * Where the network sees a class in each image: the last feature maps, each weighted by the mean gradient of the class's
 * score, summed, and what is above 0 scaled to 1.
 *
 * @param classOf the class to ask for, for each image
 * @shape images `[N, channels, H, W]` → N maps of the last planes' size
 * @throws {UnsupportedError} if the network has no planes
 * @source Selvaraju et al. 2017, arXiv:1610.02391
 */
export async function computeGradCam(
  options: GradCamOptions,
  images: Tensor<"float32">,
  classOf: readonly number[],
): Promise<readonly ActivationMap[]> {
  const { runtime, module, state, classes, session } = options;
  const g = createGraphBuilder("grad-cam");
  const input = g.input("images", "float32", images.shape);
  const wanted = g.input("wanted", "float32", [classOf.length, classes]);
  const { output } = addForward(g, module, input, { mode: "evaluate", state });
  const planes = findLastPlanes(g);
  if (planes === undefined)
    throw new UnsupportedError("Grad-CAM", "the network has no feature maps with more than one place");
  const score = g.op("ReduceSum", [g.op("Mul", [output, wanted])], { keepdims: 0 });
  const [gradient] = addGradients(g, score, [planes]);
  if (gradient === undefined)
    throw new UnsupportedError("Grad-CAM", "the scores do not depend on the last feature maps");
  g.output("planes", planes);
  g.output("gradient", gradient);
  const [count, channels, height, width] = shapeOf(planes);
  const compiled = await loadGraph(runtime, g.finish(), session);
  try {
    const onehot = new Float32Array(classOf.length * classes);
    classOf.forEach((label, index) => (onehot[index * classes + label] = 1));
    const found = await compiled.run({ images, wanted: float32([classOf.length, classes], onehot) });
    const [maps, slopes] = [found["planes"], found["gradient"]];
    const size = sizeOf([channels, height, width]);
    return Array.from({ length: count }, (_, index) => {
      const part = ({ data }: Tensor): Float32Array =>
        (data as Float32Array).subarray(index * size, (index + 1) * size);
      return { height, width, values: weighPlanes(part(maps), part(slopes), height * width) };
    });
  } finally {
    await compiled.release();
  }
}

/** relu(Σ αₖ·Aₖ) with αₖ the mean of the gradient over plane k, scaled to 1. */
function weighPlanes(planes: Float32Array, gradient: Float32Array, places: number): Float32Array {
  const sum = new Float32Array(places);
  for (let start = 0; start < planes.length; start += places) {
    const weight = gradient.subarray(start, start + places).reduce((total, value) => total + value, 0) / places;
    for (let place = 0; place < places; place++) sum[place] += weight * planes[start + place];
  }
  const highest = sum.reduce((most, value) => Math.max(most, value), 0);
  return sum.map((value) => (highest > 0 ? Math.max(0, value) / highest : 0));
}
