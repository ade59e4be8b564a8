import { basename, resolve } from "node:path";
import { contentIdOf, type FileContentId, hashFile, keepArtifact, keepContent } from "../../store/artifacts.ts";
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
import type { MemoryEvent, StartNotes } from "../memory-job.ts";
import type { TrainingEvent, TrainingResult, TrainingStart } from "./job.ts";
import { trainingFilesIn } from "./files.ts";

/** The dependencies of recording: a store and the project's folder. */
export interface RecordOptions extends RecorderOptions {
  readonly project: ProjectFolder;
  /** Called with the run's id once it has started. */
  readonly onStart?: (id: string) => void;
}

/** A training run on images in memory, as it is recorded: its network is no file. */
export interface MemoryRecord extends Omit<TrainingResult, "files"> {
  readonly onnx: Uint8Array;
}

/** What made a training run, if not `residua train`. */
export interface TrainingOrigin {
  /** The command that makes it, such as "studio". */
  readonly command?: string;
  /** The SHA-256 of the checkpoint that it resumes from, if that is no file: a content may be a part of far more bytes. */
  readonly resumed?: string | undefined;
}

type Recorded = TrainingEvent | MemoryEvent;
type RecordedResult = TrainingResult | MemoryRecord;

/** Everything that determines the outcome of a training run; not its machine or its output folder. */
export function trainingConfiguration({ network, recipe, data }: CheckpointNotes): unknown {
  return { network, recipe, data };
}

/** What files are called that a training has not written. */
const contentNames = trainingFilesIn("");

/**
 * Records a training run in a run store: configuration, every step and epoch, checkpoints and network, and how it
 * ended.
 */
export function recordTraining(
  options: RecordOptions,
  origin: TrainingOrigin = {},
): JobObserver<Recorded, RecordedResult> {
  let recorder: Promise<RunRecorder> | undefined;
  // Everything after the start runs sequentially, in order.
  let work: Promise<void> = Promise.resolve();
  let failure: unknown;
  const known = new Set<string>();
  const add = (run: RunRecorder, path: string, step: number, content: FileContentId): void => {
    const name = basename(path);
    const key = `${name} ${content.sha256}`;
    if (!known.has(key)) run.addArtifact({ name, ...content, step, path });
    known.add(key);
  };
  const addFile = async (run: RunRecorder, path: string, step: number, read: typeof hashFile): Promise<void> =>
    // The next checkpoint may have replaced it, even while it was read; in that case, that one is recorded.
    add(run, resolve(path), step, await read(path));
  const { artifacts } = options.project;
  /** What remains at the end is kept as long as the run. */
  const keepFiles = async (run: RunRecorder, result: RecordedResult): Promise<void> => {
    const { steps } = result;
    const keeping =
      "files" in result
        ? Object.values(result.files).map(
            (path) => () => addFile(run, path, steps, (file) => keepArtifact(artifacts, file)),
          )
        : [async () => add(run, contentNames.onnx, steps, await keepContent(artifacts, result.onnx))];
    for (const keep of keeping)
      await keep().catch((error: unknown) => options.say(`run store: ${errorMessage(error)}`));
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
        recorder = begin(event.start, options, origin);
        recorder.then(
          ({ id }) => options.onStart?.(id),
          (error: unknown) => (failure = error),
        );
      }
      if (event.kind === "step") then((run) => run.add(stepPoints(event.progress, event.batch, event.milliseconds)));
      if (event.kind === "epoch") then((run) => run.add(epochPoints(event.record)));
      if (event.kind === "checkpoint")
        then((run) =>
          "path" in event
            ? addFile(run, event.path, event.step, hashFile)
            : add(run, contentNames.last, event.step, contentIdOf(event.checkpoint)),
        );
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

async function begin(
  start: StartNotes & Partial<TrainingStart>,
  options: RecordOptions,
  { command = "train", resumed: content }: TrainingOrigin,
): Promise<RunRecorder> {
  const { notes, folder, resumed: path } = start;
  const findSha256 = async (): Promise<string | undefined> =>
    path === undefined ? content : (await hashFile(path)).sha256;
  const [code, parentId] = await Promise.all([describeCode(process.cwd()), findParent(findSha256, options.open)]);
  const { model, data } = notes.network;
  const shortcut = "shortcut" in model.options ? ` ${model.options.shortcut}` : "";
  const run: RunStart = {
    command,
    name: `${model.name}${shortcut} on ${basename(data)}`,
    config: trainingConfiguration(notes),
    seed: notes.recipe.seed,
    code,
    environment: { ...describeEnvironment(), ...notes.engine },
    ...(folder === undefined ? {} : { folder: resolve(folder) }),
    ...(parentId === undefined ? {} : { parentId }),
  };
  return startRecording(run, options);
}

/** The run that wrote a checkpoint, if there is one and the store knows it. */
async function findParent(
  findSha256: () => Promise<string | undefined>,
  open: () => Promise<RunStore>,
): Promise<string | undefined> {
  try {
    const sha256 = await findSha256();
    if (sha256 === undefined) return undefined;
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
function addFigures(run: RunRecorder, { steps, test, diverged }: RecordedResult): void {
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

function describeEnd(outcome: JobOutcome<RecordedResult>): RunEnd {
  if ("error" in outcome)
    return { status: outcome.isAsked === true ? "stopped" : "crashed", reason: errorMessage(outcome.error) };
  const { status, reason, epochs: _, diverged: __, ...rest } = outcome.result;
  // Files and networks are artifacts.
  const { files: ___, onnx: ____, ...result } = rest as Partial<TrainingResult & MemoryRecord>;
  const why = status === "early-stopped" ? "no better validation for a while" : reason;
  return {
    status: status === "early-stopped" ? "done" : status,
    result,
    ...(why === undefined ? {} : { reason: why }),
  };
}
