import { expect, test } from "vitest";
import { buildTrainingStep } from "../../src/compile/step/steps.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import { createModel } from "../../src/nn/models.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { readGoldenJson } from "../support/golden.ts";
import { lowerings } from "../support/lowerings.ts";
import { followLosses } from "../support/trajectory.ts";

const { rate, momentum, weightDecay, seed, losses, limit } = readGoldenJson<{
  readonly rate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly seed: number;
  readonly losses: readonly number[];
  readonly limit: number;
}>("decoupled-decay.json");

/** The losses of steps by the file's rate. */
function follow(lowering: (typeof lowerings)[number], decoupledDecay: boolean): Promise<readonly number[]> {
  const { module } = createModel("resnet8");
  const optimizer = sgd({ momentum, nesterov: true, weightDecay, decoupledDecay });
  const step = buildTrainingStep({ module, imageShape: [3, 16, 16], batch: 8, loss: crossEntropy, optimizer });
  return followLosses({ step, module, rate, optimizer, lowering, seed }, losses.length);
}

test.each(lowerings)("SGD with decoupled weight decay follows PyTorch's losses: $name", async (lowering) => {
  const found = await follow(lowering, true);
  for (const [index, loss] of losses.entries())
    expect.soft(Math.abs(found[index] - loss), `step ${index}`).toBeLessThan(limit);
  const entering = await follow(lowering, false);
  expect(Math.abs(entering.at(-1)! - losses.at(-1)!)).toBeGreaterThan(100 * limit);
});
