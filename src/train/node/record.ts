import { basename, resolve } from "node:path";
import { hashFile, keepArtifact } from "../../store/artifacts.ts";
import type { ProjectFolder } from "../../store/project.ts";
import { describeCode, describeEnvironment } from "../../store/provenance.ts";
import { type RecorderOptions, type RunEnd, type RunRecorder, startRecording } from "../../store/recorder.ts";
import { findArtifact, type RunStore } from "../../store/run-store.ts";
import type { MetricPoint, RunStart } from "../../store/run.ts";
import { errorMessage } from "../../tensor/errors.ts";
import type { CheckpointNotes, EpochRecord } from "../checkpoint.ts";
import type { StepProgress } from "../loop.ts";
import { knownMeasures, type Measured } from "../measure.ts";
import type { JobObserver, JobOutcome } from "../observers.ts";
import type { TrainingEvent, TrainingResult, TrainingStart } from "./job.ts";

/** The dependencies of recording: a store and the project's folder. */
export interface RecordOptions extends RecorderOptions {
  readonly project: ProjectFolder;
  /** Called with the run's id once it has started. */
  readonly onStart?: (id: string) => void;
}

/** Everything that determines the outcome of a training run; not its machine or its output folder. */
export function trainingConfiguration({ network, recipe, data }: CheckpointNotes): unknown {
  return { network, recipe, data };
}

/**
 * Records a training run in a run store: configuration, every step and epoch, checkpoints and network, and how it
 * ended.
 */
export function recordTraining(options: RecordOptions): JobObserver<TrainingEvent, TrainingResult> {
  let recorder: Promise<RunRecorder> | undefined;
  // Everything after the start runs sequentially, in order.
  let work: Promise<void> = Promise.resolve();
  let failure: unknown;
  const known = new Set<string>();
  const addArtifact = async (run: RunRecorder, path: string, step: number, read: typeof hashFile): Promise<void> => {
    // The next checkpoint may have replaced it, even while it was read; in that case, that one is recorded.
    const content = await read(path);
    const name = basename(path);
    const key = `${name} ${content.sha256}`;
    if (!known.has(key)) run.addArtifact({ name, ...content, step, path: resolve(path) });
    known.add(key);
  };
  /** Files that remain at the end are kept as long as the run. */
  const keepFiles = async (run: RunRecorder, { steps, files }: TrainingResult): Promise<void> => {
    for (const path of Object.values(files)) {
      await addArtifact(run, path, steps, (file) => keepArtifact(options.project.artifacts, file)).catch(
        (error: unknown) => options.say(`run store: ${errorMessage(error)}`),
      );
    }
  };
  const then = (act: (recorder: RunRecorder) => Promise<void> | void): void => {
    const begun = recorder;
    if (begun === undefined) return;
    work = work.then(async () => act(await begun)).catch((error: unknown) => void (failure ??= error));
  };
  return {
    name: "run store",
    observe: (event) => {
      if (failure !== undefined) throw failure;
      if (event.kind === "start") {
        recorder = begin(event.start, options);
        recorder.then(
          ({ id }) => options.onStart?.(id),
          (error: unknown) => (failure = error),
        );
      }
      if (event.kind === "step") then((run) => run.add(stepPoints(event.progress, event.batch, event.milliseconds)));
      if (event.kind === "epoch") then((run) => run.add(epochPoints(event.record)));
      if (event.kind === "checkpoint") then((run) => addArtifact(run, event.path, event.step, hashFile));
    },
    finish: async (outcome) => {
      then(async (run) => {
        if ("result" in outcome) {
          addFigures(run, outcome.result);
          await keepFiles(run, outcome.result);
        }
        await run.finish(describeEnd(outcome));
      });
      await work;
      if (failure !== undefined) throw failure;
    },
  };
}

async function begin(start: TrainingStart, options: RecordOptions): Promise<RunRecorder> {
  const { notes, folder, resumed } = start;
  const [code, parentId] = await Promise.all([
    describeCode(process.cwd()),
    resumed === undefined ? undefined : findParent(resumed, options.open),
  ]);
  const { model, data } = notes.network;
  const shortcut = "shortcut" in model.options ? ` ${model.options.shortcut}` : "";
  const run: RunStart = {
    command: "train",
    name: `${model.name}${shortcut} on ${basename(data)}`,
    config: trainingConfiguration(notes),
    seed: notes.recipe.seed,
    code,
    environment: { ...describeEnvironment(), ...notes.engine },
    folder: resolve(folder),
    ...(parentId === undefined ? {} : { parentId }),
  };
  return startRecording(run, options);
}

/** The run that wrote a checkpoint, if the store knows it. */
async function findParent(checkpoint: string, open: () => Promise<RunStore>): Promise<string | undefined> {
  try {
    const { sha256 } = await hashFile(checkpoint);
    const store = await open();
    try {
      return (await findArtifact(store, sha256))[0]?.run_id;
    } finally {
      await store.close();
    }
  } catch {
    // Without the store no parent can be found; its being unreachable is reported elsewhere.
    return undefined;
  }
}

function stepPoints(progress: StepProgress, batch: number, milliseconds: number): readonly MetricPoint[] {
  const { step, epoch, stepLoss, stepMeasures, gradientNorm, learningRate } = progress;
  const values = {
    loss: stepLoss,
    ...Object.fromEntries(knownMeasures(stepMeasures)),
    "gradient-norm": gradientNorm,
    "learning-rate": learningRate,
    "images-per-second": (1000 * batch) / milliseconds,
  };
  return Object.entries(values).map(([name, value]) => ({ name, step, epoch, value }));
}

/** Indexed by epoch, since every epoch has the same number of steps. */
function epochPoints({ epoch, training, validation }: EpochRecord): readonly MetricPoint[] {
  const values = [
    ...namedValues(training, "epoch"),
    ...(validation === undefined ? [] : namedValues(validation, "validation")),
  ];
  return values.map(([name, value]) => ({ name, step: epoch, epoch, value }));
}

/** A loss and its measures by name, without missing values. */
function namedValues({ loss, measures }: Measured, part: string): readonly (readonly [name: string, value: number])[] {
  return [["loss", loss] as const, ...knownMeasures(measures)].map(([name, value]) => [`${part}/${name}`, value]);
}

/** Known only at the end. */
function addFigures(run: RunRecorder, { steps, test, diverged }: TrainingResult): void {
  if (diverged !== undefined) {
    const { step, loss, gradientNorm } = diverged;
    run.add([
      { name: "loss", step, value: loss },
      { name: "gradient-norm", step, value: gradientNorm },
    ]);
  }
  if (test !== undefined) {
    run.add(namedValues(test, "test").map(([name, value]) => ({ name, step: steps, value })));
  }
}

function describeEnd(outcome: JobOutcome<TrainingResult>): RunEnd {
  if ("error" in outcome) return { status: "crashed", reason: errorMessage(outcome.error) };
  const { status, reason, files: _, epochs: __, diverged: ___, ...result } = outcome.result;
  const why = status === "early-stopped" ? "no better validation for a while" : reason;
  return {
    status: status === "early-stopped" ? "done" : status,
    result,
    ...(why === undefined ? {} : { reason: why }),
  };
}
