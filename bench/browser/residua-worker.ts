import * as ort from "onnxruntime-web/wasm";
import { createPortableLowering } from "../../src/compile/portable/lowering.ts";
import { portableChoices } from "../../src/compile/portable/choices.ts";
import { createModel } from "../../src/nn/models.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { createWebRuntime } from "../../src/runtime/web.ts";
import { randomStream } from "../../src/tensor/random.ts";
import { float32, int64 } from "../../src/tensor/tensor.ts";
import { createTrainer } from "../../src/train/trainer.ts";
import { drawImages, serveSteps } from "./steps.ts";

const wasm = new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url);

serveSteps(async ({ batch, threads, choices, ownLoops }) => {
  const imageShape = [3, 32, 32];
  const trainer = await createTrainer({
    runtime: createWebRuntime({ ort, threads, ...(ownLoops ? {} : { wasm }) }),
    module: createModel("resnet20").module,
    imageShape,
    batch,
    optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }),
    lowering: createPortableLowering({ ...portableChoices.wasm, ...choices }),
    session: { memoryPattern: true },
    seed: 0,
  });
  const stream = randomStream(0, "benchmark images");
  const data = {
    images: float32(
      [batch, ...imageShape],
      drawImages(batch * 3072, () => stream.normal()),
    ),
    labels: int64(
      [batch],
      Array.from({ length: batch }, (_, index) => index % 10),
    ),
  };
  return async () => (await trainer.step(data, 0.05)).loss;
});
