// A residual network by hand: the model, the loss and the training step, which is one ONNX graph.
import { writeFile } from "node:fs/promises";
import { batchNorm, conv, defineModule, globalAveragePool, linear, relu, sequential, sgd } from "residua";
import { buildInference, buildTrainingStep, chooseLowering, encodeModel, initializeState, toModel } from "residua";
import { float32, int64, type Module, randomStream, type Tensor, zeros } from "residua";
import { createNodeRuntime } from "residua/runtime/node";

const [batch, channels, size, classes, steps, imageShape] = [32, 16, 16, 2, 60, [1, 16, 16]] as const;

// The model. A block computes y = relu(F(x) + x), with F = conv → norm → relu → conv → norm.
function block(): Module {
  const layer = (): Module => conv(channels, channels, { kernel: 3, padding: 1 });
  const children = { conv1: layer(), norm1: batchNorm(channels), conv2: layer(), norm2: batchNorm(channels) };
  return defineModule("Block", { children }, ({ g, call }, x) => {
    const inner = g.op("Relu", [call("norm1", call("conv1", x))]);
    return g.op("Relu", [g.op("Add", [call("norm2", call("conv2", inner)), x])]);
  });
}
const network = sequential({
  conv: conv(1, channels, { kernel: 3, padding: 1 }), // [N,1,16,16] → [N,16,16,16]
  norm: batchNorm(channels),
  relu: relu(),
  block1: block(),
  block2: block(),
  pool: globalAveragePool(), // → [N,16]
  head: linear(channels, classes), // → [N,2]
});

// The loss: −mean log softmax(scores)[label]. Forward, loss, gradients and update become one graph.
const optimizer = sgd({ momentum: 0.9, weightDecay: 5e-4 });
const step = buildTrainingStep({
  module: network,
  imageShape,
  batch,
  optimizer,
  loss: (g, scores, labels) => {
    const values = g.constant(float32([2], [0, 1]));
    const oneHot = g.op("OneHot", [labels, g.constant(int64([], [classes])), values], { axis: 1 });
    const terms = g.op("Mul", [g.op("LogSoftmax", [scores], { axis: 1 }), oneHot]);
    return g.op("Mul", [g.op("ReduceSum", [terms], { keepdims: 0 }), g.fill(-1 / batch)]);
  },
});

// The lowering writes it in what the machine is fastest at: blocks of 16 or 8 channels on x64.
const runtime = createNodeRuntime();
const { lowering, name } = await chooseLowering(runtime, "auto");
const { write, layouts } = lowering.lower(step.graph);
const graphOptimization = lowering.isFinal ? "disabled" : "all";
const session = await runtime.load(encodeModel(toModel(write())), { graphOptimization });
const pack = (key: string, value: Tensor): Tensor => layouts.get(key)?.pack(value) ?? value;

// Parameters and running statistics as they are drawn; the momentum of each parameter starts at zero.
const fresh = initializeState(network, 0);
const start = (key: string): Tensor => fresh.get(key) ?? zeros("float32", fresh.get(key.replace(/^.*\//, ""))!.shape);
let state: Parameters<typeof session.run>[0] = Object.fromEntries(step.kept.map((key) => [key, pack(key, start(key))]));

// Images of noise; in those of class 1, the lower half is brighter.
function draw(index: number): { readonly images: Tensor; readonly labels: Tensor } {
  const stream = randomStream(1, "tour", index);
  const labels = Array.from({ length: batch }, () => stream.integer(classes));
  const isBright = (at: number): number => (at % size ** 2 >= size ** 2 / 2 ? labels[Math.floor(at / size ** 2)] : 0);
  const pixels = Float32Array.from({ length: batch * size ** 2 }, (_, at) => stream.normal() + isBright(at));
  return { images: float32([batch, ...imageShape], pixels), labels: int64([batch], labels) };
}

for (let index = 0; index < steps; index++) {
  const { images, labels } = draw(index);
  const fed = { images: pack("images", images), labels, learningRate: float32([], [0.05 * (1 - index / steps)]) };
  const results = await session.run({ ...state, ...fed });
  state = Object.fromEntries(step.kept.map((key) => [key, results[`next/${key}`]]));
  if (index % 10 === 9) console.log(`step ${index + 1}, ${name}: loss ${(await results["loss"].read()).data[0]}`);
}
const weights = new Map<string, Tensor>();
for (const key of fresh.keys()) {
  const value = state[key];
  const stored = "read" in value ? await value.read() : value;
  weights.set(key, layouts.get(key)?.unpack(stored) ?? stored);
}
await writeFile("tour.onnx", encodeModel(toModel(buildInference(network, imageShape, weights))));
await session.release();
