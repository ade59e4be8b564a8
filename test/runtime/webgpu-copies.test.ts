import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createModel } from "../../src/nn/models.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { copyModel } from "../../src/runtime/tensor-reader.ts";
import type { Session } from "../../src/runtime/runtime.ts";
import { chooseLowering } from "../../src/train/lowering.ts";
import { createTrainer, type TrainerOptions } from "../../src/train/trainer.ts";
import { LIMIT } from "../support/device-training.ts";
import { countHostCopies, type HostCopies } from "../support/host-copies.ts";
import { hasAdapter } from "../support/software-adapter.ts";
import { brightRows } from "../support/training.ts";

const isThere = await hasAdapter();
const BATCH = 4;
const imageShape = [3, 8, 8];
const NUMBER = 4;
/** Images and labels of one batch, as they are fed. */
const batchBytes = NUMBER * BATCH * (3 * 8 * 8 + 1);

/** What each training adds to the usual one, and the numbers beside images and labels that its steps take and report. */
const trainings: readonly (readonly [
  string,
  Partial<TrainerOptions>,
  { readonly up: number; readonly down: number },
])[] = [
  // Up: the rate. Down: loss, hits, gradient norm.
  ["a plain one", {}, { up: 1, down: 3 }],
  ["one whose body is frozen", { frozen: (name) => !name.startsWith("fc") }, { up: 1, down: 3 }],
  // Up: the weight of the average's old value, too.
  ["an averaged one", { average: 0.9 }, { up: 2, down: 3 }],
  // Of the first batch, only loss and hits are reported.
  ["one that adds up two batches", { accumulate: 2 }, { up: 1, down: 5 }],
];

describe.runIf(isThere)("a step on WebGPU", () => {
  const [processor, device] = [createNodeRuntime(), createNodeRuntime("webgpu")];
  /** Keeps ONNX Runtime's compiled shaders from one training to the next. */
  let open: Session;
  beforeAll(async () => {
    open = await device.load(copyModel("float32", 1));
  });
  afterAll(() => open.release());

  test.each(trainings)("%s copies its batch, its numbers and nothing else", async (_, more, { up, down }) => {
    const { accumulate = 1 } = more;
    const losses: number[][] = [];
    const copies: HostCopies[] = [];
    for (const runtime of [processor, device]) {
      const { lowering } = await chooseLowering(runtime, "portable");
      const trainer = await createTrainer({
        runtime,
        lowering,
        module: createModel("resnet8").module,
        imageShape,
        batch: BATCH,
        optimizer: sgd({ momentum: 0.9 }),
        seed: 1,
        ...more,
      });
      const own: number[] = [];
      const take = async (step: number): Promise<void> =>
        void own.push((await trainer.step(brightRows(step, BATCH * accumulate, imageShape), 0.05)).loss);
      // With the first step, the state goes up.
      await take(0);
      const copied = await countHostCopies(() => take(1));
      copies.push(copied);
      losses.push(own);
      await trainer.release();
    }
    expect(copies[1]).toEqual({ up: accumulate * batchBytes + NUMBER * up, down: NUMBER * down });
    // On the processor all of the state goes through the binding: the count sees it.
    expect(copies[0].up).toBeGreaterThan(100 * copies[1].up);
    const [wanted, actual] = losses;
    for (const [step, loss] of wanted.entries()) expect(Math.abs(actual[step] - loss)).toBeLessThan(LIMIT);
  });

  test("what is frozen is read back as it was loaded, also after steps", async () => {
    const { lowering } = await chooseLowering(device, "portable");
    const trainer = await createTrainer({
      runtime: device,
      lowering,
      module: createModel("resnet8").module,
      imageShape,
      batch: BATCH,
      optimizer: sgd(),
      seed: 1,
      frozen: (name) => !name.startsWith("fc"),
    });
    const before = await trainer.state();
    await trainer.step(brightRows(1, BATCH, imageShape), 0.05);
    const after = await trainer.state();
    const frozen = [...before].filter(([name]) => !name.includes("fc."));
    expect(frozen.length).toBeGreaterThan(40);
    for (const [name, { data }] of frozen) expect(after.get(name)!.data, name).toEqual(data);
    // Loaded again, other values take the place of those that were uploaded.
    const doubled = new Map(
      Array.from(before, ([name, value]) => [name, { ...value, data: value.data.map((each) => 2 * each) }]),
    );
    trainer.load(doubled, 0);
    await trainer.step(brightRows(2, BATCH, imageShape), 0.05);
    expect((await trainer.state()).get("conv1.weight")!.data).toEqual(doubled.get("conv1.weight")!.data);
    await trainer.release();
  });
});
