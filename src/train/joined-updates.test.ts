import { expect, test } from "vitest";
import { brightRows, withTrainer } from "../../test/support/training.ts";
import { createPortableLowering } from "../compile/portable/lowering.ts";
import { buildTrainingStep } from "../compile/step/steps.ts";
import { crossEntropy } from "../nn/losses.ts";
import { createModel } from "../nn/models.ts";
import { buffersOf, parametersOf } from "../nn/module.ts";
import { adamw } from "../optim/adamw.ts";
import { muon } from "../optim/muon.ts";
import { sgd } from "../optim/sgd.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Trainer, TrainerOptions } from "./trainer.ts";

const imageShape = [2, 9, 9];
const base: TrainerOptions = {
  runtime: createNodeRuntime(),
  module: createModel("resnet8", { channels: 2, classes: 3 }).module,
  imageShape,
  batch: 4,
  optimizer: sgd({ nesterov: true, weightDecay: 1e-3 }),
  seed: 3,
  session: { threads: 1 },
};

async function train(trainer: Trainer) {
  const reports = [];
  while (trainer.steps < 2) reports.push(await trainer.step(brightRows(trainer.steps, 4, imageShape), 0.05));
  return { reports, state: await trainer.state() };
}

const recipes: Readonly<Record<string, Partial<TrainerOptions>>> = {
  SGD: {},
  "SGD without momentum": { optimizer: sgd({ momentum: 0 }) },
  AdamW: { optimizer: adamw() },
  Muon: { optimizer: muon() },
  "clipping and watched parameters": { clipNorm: 0.1, watch: ["bn1.weight", "fc.bias", "conv1.weight"] },
  averages: { optimizer: adamw(), average: 0.9, exempt: (_name, { role }) => role !== "weight" },
  "averages of accumulated batches": { batch: 2, accumulate: 2, average: 0.9 },
  "groups with schedules of their own": {
    optimizer: adamw(),
    groups: ["layer1", "layer2"].map((stage) => ({
      parameters: new Set([...parametersOf(base.module).keys()].filter((name) => name.startsWith(stage))),
      rateAt: (step) => (stage === "layer1" ? 0.01 : 0.02) / (1 + step),
    })),
  },
  "frozen layers, rates and exemptions": {
    frozen: (name) => name.startsWith("layer1"),
    rateFactor: (name) => (name.startsWith("layer2") ? 0.5 : 1),
    exempt: (_name, { role }) => role !== "weight",
  },
};

test.each(Object.entries(recipes))("joined parameters are updated as each by itself, with %s", async (_, changed) => {
  const [wanted, actual] = await Promise.all(
    (["apart", "joined"] as const).map((updates) =>
      withTrainer({ ...base, ...changed, lowering: createPortableLowering({ updates }) }, train),
    ),
  );
  expect([...actual.state.keys()]).toEqual([...wanted.state.keys()]);
  for (const [name, { data }] of wanted.state)
    for (const [index, value] of data.entries())
      expect(Math.abs(actual.state.get(name)!.data[index] - value), name).toBeLessThan(1e-5);
  for (const [step, report] of wanted.reports.entries()) {
    expect(actual.reports[step].gradientNorm / report.gradientNorm).toBeCloseTo(1, 5);
    for (const [name, norm] of Object.entries(report.norms))
      expect(actual.reports[step].norms[name] / norm, name).toBeCloseTo(1, 5);
  }
});

test("averages are moved in the rows of what they average", () => {
  const { module, batch, optimizer } = base;
  const movesOf = (joinsSmall: boolean): number => {
    const { graph } = buildTrainingStep({
      module,
      imageShape,
      batch,
      optimizer,
      loss: crossEntropy,
      average: true,
      joinsSmall,
    });
    return graph.nodes.filter(({ name, op }) => op === "Add" && name.startsWith("average/")).length;
  };
  const sizes = Array.from(parametersOf(module).values(), ({ shape }) => sizeOf(shape));
  expect(movesOf(false)).toBe(sizes.length + buffersOf(module).size);
  // Weights, scales, offsets and running statistics have a row each.
  expect(movesOf(true)).toBe(sizes.filter((size) => size > 2 ** 12).length + 4);
});
