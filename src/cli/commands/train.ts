import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { runInChild } from "../../jobs/node/child-process.ts";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import { createModel } from "../../nn/models.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type LoweringChoice } from "../../compile/lowering.ts";
import {
  type FreshTraining,
  trainingJob,
  type TrainingEvent,
  type TrainingJob,
  type TrainingResult,
} from "../../train/node/job.ts";
import { combineObservers, finishObserved } from "../../train/observers.ts";
import { defaultRecipe, type Recipe } from "../../train/recipe.ts";
import { optimizerIn, type RecipeFields, standardRecipe, withRecipeFields } from "../../train/standard-recipe.ts";
import { cacheFolder } from "../cache.ts";
import { ExitCode } from "../exit-code.ts";
import { watchInterrupt } from "../interrupt.ts";
import { decimalNumber, sharedOptions, wholeNumber } from "../options.ts";
import { formatDuration, print, printJson, say } from "../output.ts";
import { trainingObservers } from "../observers.ts";
import { createProgress } from "../progress.ts";
import { addFineTuningOptions, type FineTuningOptions, fineTuningStart } from "./train-options.ts";
import { addRecipeFlags, type FieldDefaults, fieldsOfGroup, type OptionValues, typedRecipe } from "../recipe-flags.ts";
import { requireOptionsOf, taskOf } from "./train-resume.ts";
import {
  addSegmentationOptions,
  asksForSegmentation,
  type SegmentationOptions,
  segmentationTraining,
} from "../tasks/segment.ts";
import { segmentationJob } from "../../tasks/segment/node/job.ts";

interface Options extends FineTuningOptions, SegmentationOptions {
  readonly model?: string;
  readonly shortcut?: ShortcutType;
  readonly option?: ModelOptions;
  readonly data: string;
  readonly limit?: number;
  readonly validation: number;
  readonly augment?: boolean;
  readonly lowering: LoweringChoice;
  readonly threads?: number;
  readonly resume?: string | true;
  readonly snapshots?: number;
  readonly out?: string;
  readonly store?: string | false;
  readonly tensorboard?: string;
  readonly mlflow?: string;
  readonly json?: boolean;
}

const STANDARD_MODEL = "resnet20";
const CROP_PADDING = 4;
const STANDARD_FOLDER = "residua-train";

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** What help says about fields that were not typed. */
const defaults: FieldDefaults = {
  epochs: `${standardRecipe("fresh").epochs}; with --from or --weights ${standardRecipe("tuned").epochs}`,
  batch: String(defaultRecipe.batch),
  learningRate: "0.1 with sgd, 0.003 with adamw; with --from or --weights 0.01, 0.0005",
  "optimizer.name": "sgd; with --from or --weights adamw",
  "optimizer.weightDecay": "0.0005",
  schedule: defaultRecipe.schedule,
  labelSmoothing: "0",
  seed: "0",
};

/** The standard recipe of the start, with the fields that were typed in the place of its own. */
function createRecipe(options: Options, given: RecipeFields): Recipe {
  const start = options.from === undefined && options.weights === undefined ? "fresh" : "tuned";
  return withRecipeFields(standardRecipe(start, optimizerIn(given)), given);
}

/** What a training from the start is made of. @param typed names of the options that were typed */
function createStart(options: Options, typed: ReadonlySet<string>): FreshTraining {
  const segments = asksForSegmentation(options);
  const model =
    options.model ??
    (options.from === undefined && options.weights === undefined && !segments ? STANDARD_MODEL : undefined);
  const modelOptions = { ...options.option, ...(options.shortcut === undefined ? {} : { shortcut: options.shortcut }) };
  // Names a wrong model before anything starts.
  if (model !== undefined) createModel(model, modelOptions);
  const isCifar = options.data.startsWith("cifar");
  const augment = options.augment ?? isCifar;
  const given = typedRecipe(options as unknown as OptionValues);
  const recipe = createRecipe(options, given);
  const start: FreshTraining = {
    ...(model === undefined ? {} : { model }),
    modelOptions,
    ...fineTuningStart(options),
    data: options.data,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    validation: options.validation,
    augmentation: augment ? { cropPadding: CROP_PADDING, flip: isCifar } : { cropPadding: 0, flip: false },
    recipe,
  };
  if (!segments) return start;
  if (!typed.has("data"))
    throw new OptionError("--data", "is needed: a folder with images/ and masks/ of the same names");
  const { imageSize, validation, ...task } = segmentationTraining(options, {
    ...(model === undefined ? {} : { model }),
    modelOptions,
    given,
    ...(options.augment === undefined ? {} : { augment: options.augment }),
  });
  // A file that is started from says itself what its network is.
  const { model: _, modelOptions: __, ...rest } = task;
  return {
    ...start,
    ...(options.from === undefined ? task : rest),
    imageSize: options.imageSize ?? imageSize!,
    validation: typed.has("validation") ? options.validation : validation,
  };
}

function createJob(options: Options, typed: ReadonlySet<string>): TrainingJob {
  return {
    start:
      options.resume === undefined
        ? createStart(options, typed)
        : { resume: options.resume === true ? (options.out ?? STANDARD_FOLDER) : options.resume },
    ...(options.out === undefined ? {} : { out: options.out }),
    ...(options.snapshots === undefined ? {} : { snapshots: options.snapshots }),
    cache: cacheFolder(),
    lowering: options.lowering,
    session: options.threads === undefined ? {} : { threads: options.threads },
    workers: 1,
    details: options.tensorboard !== undefined,
  };
}

function createReporter(): (event: TrainingEvent) => void {
  const progress = createProgress();
  let rate = 0;
  return (event) => {
    if (event.kind === "note") return progress.finish(event.text);
    if (event.kind === "epoch") {
      const { epoch, trainLoss, trainAccuracy, validation } = event.record;
      const held =
        validation === undefined
          ? ""
          : `, validation ${percent(validation.accuracy)}${event.isBest ? " (best so far)" : ""}`;
      return progress.finish(`epoch ${epoch}: loss ${trainLoss.toFixed(4)}, training ${percent(trainAccuracy)}${held}`);
    }
    if (event.kind !== "step") return;
    const { step, steps, epoch, loss, accuracy } = event.progress;
    const current = (1000 * event.batch) / event.milliseconds;
    rate = rate === 0 ? current : 0.95 * rate + 0.05 * current;
    const left = ((steps - step) * event.batch) / rate;
    progress.update(
      `epoch ${epoch}, step ${step}/${steps}, loss ${loss.toFixed(4)}, accuracy ${percent(accuracy)}, ${rate.toFixed(0)} images/s, ${formatDuration(left)} left`,
    );
  };
}

function describeTest({ count, accuracy, loss, topK, figures }: NonNullable<TrainingResult["test"]>): string {
  if (figures !== undefined) {
    const named = Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(3)}`);
    return `Test on ${count} images: ${named.join(", ")}.`;
  }
  const top = topK === undefined ? "" : ` (top ${topK.k}: ${percent(topK.accuracy)})`;
  return `Test: ${percent(accuracy)} of ${count} images${top}, loss ${loss.toFixed(4)}.`;
}

function printResult({ status, test, best, files, steps }: TrainingResult): void {
  if (status === "stopped") print(`Stopped after step ${steps}. Go on with: residua train --resume ${files.last}`);
  if (best?.validation !== undefined)
    print(`Best epoch: ${best.epoch}, validation ${percent(best.validation.accuracy)}.`);
  if (test !== undefined) print(describeTest(test));
  if (files.onnx !== undefined) print(`The network: ${files.onnx}`);
}

/** The options that were typed, not those that stand for themselves. */
function givenOptions(command: Command): OptionValues {
  const entries = Object.entries(command.opts<OptionValues>());
  return Object.fromEntries(entries.filter(([name]) => command.getOptionValueSource(name) === "cli"));
}

async function train(options: Options, command: Command): Promise<void> {
  const start = performance.now();
  const given = givenOptions(command);
  const job = createJob(options, new Set(Object.keys(given)));
  if ("resume" in job.start) await requireOptionsOf(job.start.resume, given, options.option);
  const task = "resume" in job.start ? await taskOf(job.start.resume) : job.start.task?.name;
  const observers = combineObservers(trainingObservers(options), say);
  const report = createReporter();
  const observe = (event: TrainingEvent): void => {
    report(event);
    observers.observe(event);
  };
  const running = runInChild(task === "segment" ? segmentationJob : trainingJob, job, { onEvent: observe });
  const interrupt = watchInterrupt(
    running,
    "stopping after this step, with a checkpoint; press Ctrl-C again to end at once",
  );
  try {
    const result = await finishObserved(running.result, observers);
    if (options.json) printJson(result);
    else printResult(result);
    if (result.status === "diverged") {
      const { last } = result.files;
      say(`residua: ${result.reason}${existsSync(last) ? `; the last good state: ${last}` : ""}`);
    }
    const rate = Number.isNaN(result.imagesPerSecond) ? "" : `, ${result.imagesPerSecond.toFixed(0)} images/s`;
    say(`${formatDuration((performance.now() - start) / 1000)}${rate}, ${result.lowering} lowering`);
    if (result.status === "stopped") process.exitCode = ExitCode.interrupted;
    if (result.status === "diverged") process.exitCode = ExitCode.failure;
  } catch (error) {
    if (!interrupt.pressed()) throw error;
    process.exitCode = ExitCode.interrupted;
  } finally {
    interrupt.end();
  }
}

/** `residua train`: trains a network; stops and resumes exactly. */
export function registerTrain(program: Command): void {
  const command = program
    .command("train")
    .addOption(
      new Option(
        "--model <name>",
        `resnet20, resnet50d, densenet121 …; residua models list shows all (default: ${STANDARD_MODEL})`,
      ),
    )
    .addOption(sharedOptions.shortcut())
    .addOption(sharedOptions.option())
    .addOption(sharedOptions.data("mnist"))
    .addOption(sharedOptions.limit())
    .addOption(
      new Option("--validation <share>", "share of the training images held back to choose the best epoch")
        .argParser(decimalNumber(0, 1))
        .default(0.05),
    )
    .addOption(
      new Option("--augment", "random crops with 4 black pixels around, and mirroring for CIFAR (default: for CIFAR)"),
    )
    .addOption(new Option("--no-augment", "train on the images as they are"))
    .addOption(sharedOptions.lowering())
    .addOption(sharedOptions.threads())
    .addOption(
      new Option(
        "--resume [path]",
        "go on from a checkpoint or a training's folder (default: that of --out); all about the training is taken from it",
      ),
    )
    .addOption(
      new Option("--out <dir>", `folder for what is written (default: "${STANDARD_FOLDER}", or the resumed one's)`),
    )
    .addOption(
      new Option("--snapshots <n>", "keep the weights n times on the way, for residua landscape").argParser(
        wholeNumber(1),
      ),
    )
    .addOption(sharedOptions.store())
    .addOption(new Option("--no-store", "do not keep the run in the run store"))
    .addOption(new Option("--tensorboard <dir>", "write event files that TensorBoard shows, into a folder of this run"))
    .addOption(new Option("--mlflow <url>", "report to an MLflow tracking server, such as http://localhost:5000"))
    .addOption(sharedOptions.json());
  addSegmentationOptions(addFineTuningOptions(addRecipeFlags(command, fieldsOfGroup("training"), { defaults })))
    .addHelpText(
      "after",
      `
Examples:
  $ residua train --data mnist --model resnet20 --epochs 3
  $ residua train --data cifar10 --model resnet20 --shortcut A --epochs 60 --batch-size 128
  $ residua train --data cifar10 --model wrn-16-4 --option dropout=0.3 --epochs 30
  $ residua train --data photos/ --model resnet18 --out runs/photos
  $ residua train --data mnist --tensorboard logs/first     then: tensorboard --logdir logs
  $ residua train --data photos/ --from resnet18.onnx --head-only
  $ residua train --data photos/ --from resnet50.pth --layer-decay 0.7 --ema
  $ residua train --data photos/ --model resnet18 --weights backbone.pth --partial
  $ residua train --preset cells --data nuclei/ --out runs/cells
  $ residua train --resume residua-train`,
    )
    .action(train);
}
