// What a user's first script looks like: build, train, export. Runs in an empty project beside the installed package.
import { writeFileSync } from "node:fs";
import { buildInference, createModel, encodeModel, float32, int64, randomStream, sgd, toModel } from "residua";
import { createNodeRuntime } from "residua/runtime/node";
import { createTrainer } from "residua/train";

const { module } = createModel("resnet8", { shortcut: "pad", channels: 1, classes: 2 });
const imageShape = [1, 8, 8];
const trainer = await createTrainer({
  runtime: createNodeRuntime(),
  module,
  imageShape,
  batch: 16,
  optimizer: sgd(),
  seed: 0,
});
const losses = [];
for (let step = 0; step < 12; step++) {
  const stream = randomStream(0, "images", step % 3);
  const labels = Array.from({ length: 16 }, (_, index) => index % 2);
  const images = Float32Array.from(
    { length: 16 * 64 },
    (_, index) => stream.normal() + 2 * labels[Math.floor(index / 64)],
  );
  const batch = { images: float32([16, ...imageShape], images), labels: int64([16], labels) };
  losses.push((await trainer.step(batch, 0.02)).loss);
}
const onnx = encodeModel(toModel(buildInference(module, imageShape, await trainer.state())));
await trainer.release();
writeFileSync("network.onnx", onnx);
const session = await createNodeRuntime().load(onnx);
const { scores } = await session.run({ images: float32([3, ...imageShape], new Float32Array(3 * 64)) });
console.log(JSON.stringify({ losses, shape: scores.shape }));
await session.release();
