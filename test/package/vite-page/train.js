import * as ort from "onnxruntime-web/wasm";
import { createModel, float32, int64, randomStream, sgd } from "residua";
import { createWebRuntime } from "residua/runtime/web";
import { createTrainer } from "residua/train";

async function train() {
  const { module } = createModel("resnet8", { shortcut: "pad", channels: 1, classes: 2 });
  const imageShape = [1, 8, 8];
  const trainer = await createTrainer({
    runtime: createWebRuntime({ ort, threads: 1 }),
    module,
    imageShape,
    batch: 16,
    optimizer: sgd(),
    seed: 0,
  });
  const losses = [];
  for (let step = 0; step < 4; step++) {
    const stream = randomStream(0, "images", step % 3);
    const labels = Array.from({ length: 16 }, (_, index) => index % 2);
    const images = Float32Array.from(
      { length: 16 * 64 },
      (_, index) => stream.normal() + 2 * labels[Math.floor(index / 64)],
    );
    const batch = { images: float32([16, ...imageShape], images), labels: int64([16], labels) };
    losses.push((await trainer.step(batch, 0.02)).loss);
  }
  await trainer.release();
  return losses;
}

Object.assign(globalThis, {
  result: train().then(
    (losses) => ({ losses, isolated: globalThis.crossOriginIsolated }),
    (error) => ({ error: String(error) }),
  ),
});
