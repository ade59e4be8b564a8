import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { evaluationBatches, stepsPerEpoch } from "../../data/batches.ts";
import type { Augmentation } from "../../data/augmentation.ts";
import { type Dataset, takeFirst } from "../../data/image-set.ts";
import { createBatchLoader } from "../../data/node/loader.ts";
import { openDataset } from "../../data/node/open.ts";
import { type Split, splitValidation } from "../../data/split.ts";
import { createModel } from "../../nn/models.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { FormatError } from "../../tensor/errors.ts";
import { readFileBytes, writeFileAtomically } from "../../weights/node.ts";
import {
  type Checkpoint,
  type CheckpointNotes,
  decodeCheckpoint,
  encodeCheckpointChunks,
  type TrainingPlace,
} from "../checkpoint.ts";
import { type Evaluation, evaluate, withInference } from "../evaluate.ts";
import { exportOnnxChunks } from "../export.ts";
import { runTraining, startOfTraining } from "../loop.ts";
import { chooseLowering } from "../lowering.ts";
import { createCardModel } from "../network-card.ts";
import { stepOptionsOf } from "../recipe.ts";
import { createTrainer, type TrainingState } from "../trainer.ts";
import { type JobContext, serveJob } from "./child-job.ts";
import type { FreshTraining, TrainingEvent, TrainingJob, TrainingResult } from "./training.ts";

const EVALUATION_BATCH = 250;
/** A long epoch is kept in between, too. */
const PAUSE_MILLISECONDS = 300_000;

const augmentationText = ({ cropPadding, flip }: Augmentation): string =>
  `crop ${cropPadding}, ${flip ? "flip" : "no flip"}`;

function parseAugmentation(text: string, where: string): Augmentation {
  const match = /^crop (\d+), (no )?flip$/.exec(text);
  if (match === null) throw new FormatError(where, `says augmentation "${text}", which is not known`);
  return { cropPadding: Number(match[1]), flip: match[2] === undefined };
}

/** A training that is set up: what to do, on what, from where. */
interface Setup {
  readonly data: Dataset;
  readonly split: Split;
  readonly augmentation: Augmentation;
  readonly notes: CheckpointNotes;
  readonly checkpoint?: Checkpoint;
}

async function setUpFresh(start: FreshTraining, job: TrainingJob, engine: CheckpointNotes["engine"]): Promise<Setup> {
  const { imageShape } = createModel(start.model, start.modelOptions);
  const [channels, height, width] = imageShape;
  const whole = await openDataset(start.data, job.cache, { channels, height, width });
  const train = start.limit === undefined ? whole.train : takeFirst(whole.train, start.limit);
  const data = { ...whole, train };
  const split = splitValidation(train.count, start.validation, start.recipe.seed);
  const model = createModel(start.model, {
    ...start.modelOptions,
    channels: train.channels,
    classes: data.classes.length,
  });
  const notes: CheckpointNotes = {
    network: {
      model: { name: model.name, options: model.options },
      imageShape: [train.channels, train.height, train.width],
      data: start.data,
      classes: data.classes,
      normalization: data.normalization,
    },
    recipe: start.recipe,
    data: {
      train: split.train.length,
      validation: split.validation.length,
      augmentation: augmentationText(start.augmentation),
    },
    place: startOfTraining,
    engine,
  };
  return { data, split, augmentation: start.augmentation, notes };
}

async function setUpResumed(
  path: string,
  job: TrainingJob,
  engine: CheckpointNotes["engine"],
  note: (text: string) => void,
): Promise<Setup> {
  const checkpoint = decodeCheckpoint(await readFileBytes(path), path);
  const { network, recipe, data: place, engine: before } = checkpoint.notes;
  if (before.lowering !== engine.lowering || before.runtime !== engine.runtime) {
    note(
      `${path} was made with ${before.lowering} on ${before.runtime}, this is ${engine.lowering} on ${engine.runtime}: the last bits may differ`,
    );
  }
  const [channels, height, width] = network.imageShape;
  const whole = await openDataset(network.data, job.cache, { channels, height, width });
  const count = place.train + place.validation;
  if (whole.train.count < count)
    throw new FormatError(path, `was trained on ${count} images, "${network.data}" now has ${whole.train.count}`);
  const data = { ...whole, train: takeFirst(whole.train, count) };
  const split = splitValidation(count, place.validation / count, recipe.seed);
  return {
    data,
    split,
    augmentation: parseAugmentation(place.augmentation, path),
    notes: { ...checkpoint.notes, engine },
    checkpoint,
  };
}

/** The state as it predicts: on the validation part, or on the test set. */
function evaluateState(
  runtime: Runtime,
  { data, notes }: Setup,
  job: TrainingJob,
  state: TrainingState,
  part: "validation" | "test",
  indices?: Uint32Array,
): Promise<Evaluation> {
  const { module, imageShape } = { ...createCardModel(notes.network), imageShape: notes.network.imageShape };
  const batches = evaluationBatches(
    part === "test" ? data.test : data.train,
    notes.network.normalization,
    EVALUATION_BATCH,
    indices,
  );
  return withInference({ runtime, module, imageShape, state, session: job.session }, (session) =>
    evaluate(session, batches),
  );
}

async function performTraining(job: TrainingJob, context: JobContext<TrainingEvent>): Promise<TrainingResult> {
  const runtime = createNodeRuntime();
  const note = (text: string): void => context.report({ kind: "note", text });
  const chosen = await chooseLowering(runtime, job.lowering);
  if (chosen.reason !== undefined) note(`training with the portable lowering: ${chosen.reason}`);
  const engine = { lowering: chosen.name, runtime: `${runtime.name} ${runtime.version}` };
  const setup =
    "resume" in job.start
      ? await setUpResumed(job.start.resume, job, engine, note)
      : await setUpFresh(job.start, job, engine);
  const { data, split, augmentation, notes, checkpoint } = setup;
  const { recipe } = notes;
  const plan = { batch: recipe.batch, seed: recipe.seed, shuffle: true, indices: split.train };
  const perEpoch = stepsPerEpoch(plan);
  await mkdir(job.out, { recursive: true });
  const files = {
    last: join(job.out, "last.safetensors"),
    best: join(job.out, "best.safetensors"),
    onnx: join(job.out, "model.onnx"),
  };

  const trainer = await createTrainer({
    ...stepOptionsOf(recipe),
    runtime,
    module: createCardModel(notes.network).module,
    imageShape: notes.network.imageShape,
    lowering: chosen.lowering,
    session: job.session,
  });
  const loader = createBatchLoader(
    { set: data.train, normalization: data.normalization, augmentation, plan },
    { workers: job.workers, firstStep: notes.place.step },
  );
  const durations: number[] = [];
  let [lastStep, lastKept] = [performance.now(), performance.now()];
  const keep = async (path: string, place: TrainingPlace): Promise<void> => {
    await writeFileAtomically(
      path,
      encodeCheckpointChunks({ notes: { ...notes, place }, state: await trainer.state() }),
    );
    lastKept = performance.now();
  };
  try {
    if (checkpoint !== undefined) trainer.load(checkpoint.state, notes.place.step);
    const { place, status } = await runTraining({
      trainer,
      recipe,
      stepsPerEpoch: perEpoch,
      place: notes.place,
      nextBatch: () => loader.next(),
      ...(split.validation.length === 0
        ? {}
        : {
            validate: async () =>
              evaluateState(runtime, setup, job, await trainer.state(), "validation", split.validation),
          }),
      shouldStop: context.shouldStop,
      onStep: (progress) => {
        const now = performance.now();
        durations.push(now - lastStep);
        context.report({ kind: "step", progress, milliseconds: now - lastStep, batch: recipe.batch });
        lastStep = now;
      },
      onEpoch: async (reached, isBest) => {
        context.report({ kind: "epoch", record: reached.epochs.at(-1)!, isBest });
        if (isBest) await keep(files.best, reached);
        await keep(files.last, reached);
        lastStep = performance.now();
      },
      onPause: async (reached) => {
        if (performance.now() - lastKept > PAUSE_MILLISECONDS) await keep(files.last, reached);
      },
    });
    const ended = {
      status,
      steps: place.step,
      epochs: place.epochs,
      lowering: chosen.name,
      imagesPerSecond: rateOf(durations, recipe.batch),
    };
    const best = place.best === undefined ? {} : { best: place.best };
    if (status === "stopped" || status === "diverged") {
      await keep(files.last, place);
      return {
        ...ended,
        ...best,
        files: { last: files.last, ...(place.best === undefined ? {} : { best: files.best }) },
      };
    }
    const state = place.best === undefined ? await trainer.state() : await readState(files.best);
    await writeFileAtomically(files.onnx, exportOnnxChunks(notes.network, state));
    const test = await evaluateState(runtime, setup, job, state, "test");
    return {
      ...ended,
      ...best,
      test,
      files: place.best === undefined ? { last: files.last, onnx: files.onnx } : files,
    };
  } finally {
    await loader.release();
    await trainer.release();
  }
}

async function readState(path: string): Promise<TrainingState> {
  return decodeCheckpoint(await readFileBytes(path), path).state as TrainingState;
}

function rateOf(durations: readonly number[], batch: number): number {
  const middle = durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)];
  return middle === undefined ? Number.NaN : (1000 * batch) / middle;
}

serveJob<TrainingJob, TrainingEvent, TrainingResult>(performTraining);
