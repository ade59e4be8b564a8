import { describe, expect, test } from "vitest";
import { createModel } from "../../src/nn/models.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { chooseLowering } from "../../src/train/lowering.ts";
import { lowerAt } from "../../src/train/precision.ts";
import { createTrainer } from "../../src/train/trainer.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import type { Precision } from "../../src/compile/lowering.ts";
import { hasAdapter } from "../support/software-adapter.ts";
import { brightRows } from "../support/training.ts";

const imageShape = [3, 8, 8];

/** The losses of three steps of ResNet-8. */
async function takeSteps(runtime: Runtime, precision: Precision): Promise<readonly number[]> {
  const { lowering: chosen } = await chooseLowering(runtime, "portable", precision);
  const lowering = await lowerAt({ precision }, { runtime, lowering: chosen });
  const { module } = createModel("resnet8", { classes: 3 });
  const trainer = await createTrainer({ runtime, lowering, module, imageShape, batch: 8, optimizer: sgd(), seed: 1 });
  const losses: number[] = [];
  while (trainer.steps < 3) losses.push((await trainer.step(brightRows(trainer.steps, 8, imageShape), 0.01)).loss);
  await trainer.release();
  return losses;
}

describe.runIf(await hasAdapter())("mixed precision on WebGPU", () => {
  // SwiftShader has no float16, lavapipe has.
  test("takes float32's steps within a thousandth, or is refused by its name where the adapter has no float16", async () => {
    const [wanted, found] = await Promise.all([
      takeSteps(createNodeRuntime(), "float32"),
      takeSteps(createNodeRuntime("webgpu"), "mixed").catch((error: unknown) => error),
    ]);
    const refusal =
      'OptionError: precision: "mixed" needs float16, which this adapter lacks (shader-f16); take "float32"';
    const outcome = Array.isArray(found)
      ? (found as readonly number[]).map((loss, step) => Math.abs(loss / wanted[step] - 1) < 1e-3)
      : String(found);
    expect([refusal, [true, true, true]]).toContainEqual(outcome);
  });
});
