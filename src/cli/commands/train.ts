import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { runInChild } from "../../jobs/node/child-process.ts";
import { type LoweringChoice } from "../../compile/lowering.ts";
import { type TrainingEvent, type TrainingJob, type TrainingResult } from "../../train/node/job.ts";
import { refuseOnRanks } from "../../train/node/rank-refusals.ts";
import type { Device } from "../../runtime/device.ts";
import type { TrainingMeasures } from "../../train/measure.ts";
import { combineObservers, finishObserved } from "../../train/observers.ts";
import { defaultRecipe } from "../../train/recipe.ts";
import { standardRecipe } from "../../train/standard-recipe.ts";
import { cacheFolder } from "../cache.ts";
import { ExitCode } from "../exit-code.ts";
import { watchInterrupt } from "../interrupt.ts";
import { describeMeasure } from "../measures-output.ts";
import { describePresetTraining } from "../preset-output.ts";
import { createReporter } from "../training-output.ts";
import { addFreshOptions, type FreshOptions, openFreshTraining } from "../fresh-training.ts";
import { onlyGiven, positiveNumber, sharedOptions, wholeNumber, typedOptions } from "../options.ts";
import { formatDuration, print, printJson, say, sayMessage } from "../output.ts";
import { findRank, type LaunchedRank, rankPlace, requireRanks, threadsOf } from "../ranks.ts";
import { addFineTuningOptions } from "../train-options.ts";
import { addRecipeFlags, type FieldDefaults, fieldsOfGroup, type OptionValues } from "../recipe-flags.ts";
import { requireOptionsOf } from "./train-resume.ts";
import { type AllTaskFlags, loadAllTaskFlags, type TaskFlags } from "../task-flags.ts";
import { addTaskOptions } from "../task-options.ts";
import type { TaskName } from "../../tasks/find-task.ts";
import { trainingJob } from "../../tasks/node/training-job.ts";
import { joinWords, phrase } from "../../report/words.ts";
import { spokenMessage } from "../lang/language.ts";

interface Options extends FreshOptions {
  readonly lowering: LoweringChoice;
  readonly threads?: number;
  readonly device?: Device;
  readonly resume?: string | true;
  readonly snapshots?: number;
  readonly rankTimeout?: number;
  readonly syncBatchNorm?: true;
  readonly out?: string;
  readonly store?: string | false;
  readonly tensorboard?: string;
  readonly mlflow?: string;
  readonly json?: boolean;
}

const STANDARD_FOLDER = "residua-train";

/** The defaults that help shows. */
const defaults: FieldDefaults = {
  epochs: `${standardRecipe("fresh").epochs}; with --from or --weights ${standardRecipe("tuned").epochs}`,
  batch: String(defaultRecipe.batch),
  learningRate: "0.1 with sgd, 0.003 with adamw, 0.02 with muon; with --from or --weights 0.01, 0.0005, 0.002",
  "optimizer.name": "sgd; with --from or --weights adamw",
  "optimizer.momentum": "0.9 with sgd, 0.95 with muon",
  "optimizer.otherRate": "5",
  "optimizer.weightDecay": "0.0005",
  schedule: defaultRecipe.schedule,
  labelSmoothing: "0",
  seed: "0",
};

function createJob(options: Options, start: TrainingJob["start"], rank: LaunchedRank | undefined): TrainingJob {
  if (rank !== undefined) refuseOnRanks(onlyGiven({ device: options.device }));
  const threads = options.threads ?? (rank === undefined ? undefined : threadsOf(rank));
  return {
    start,
    ...onlyGiven({ out: options.out, snapshots: options.snapshots, device: options.device }),
    cache: cacheFolder(),
    lowering: options.lowering,
    session: onlyGiven({ threads }),
    workers: 1,
    details: options.tensorboard !== undefined,
    ...onlyGiven({ ranks: rankPlace(rank, options.rankTimeout) }),
  };
}

/** Determines what to train, and for which task. @throws {OptionError} for options that the task does not have */
async function openStart(
  options: Options,
  given: OptionValues,
  { flags, ranks }: { readonly flags: AllTaskFlags; readonly ranks: number },
): Promise<{ readonly start: TrainingJob["start"]; readonly task: TaskName }> {
  if (options.resume !== undefined) {
    const resume = options.resume === true ? (options.out ?? STANDARD_FOLDER) : options.resume;
    const { accumulate } = given as { readonly accumulate?: number };
    // A checkpoint tells the batches of all ranks, an option those of one.
    const whole = accumulate === undefined ? given : { ...given, accumulate: ranks * accumulate };
    const task = await requireOptionsOf(resume, whole, { flags, network: options.option });
    const { epochs } = given as { readonly epochs?: number };
    return { start: { resume, ...onlyGiven({ epochs }) }, task };
  }
  const { start, task } = await openFreshTraining(options, given, flags);
  if (options.syncBatchNorm === undefined) return { start, task };
  return { start: { ...start, recipe: { ...start.recipe, syncBatchNorm: ranks } }, task };
}

interface PrintedResult {
  readonly flags: TaskFlags;
  readonly measures: TrainingMeasures;
  readonly rank: LaunchedRank | undefined;
}

function printResult(
  { status, test, best, files, steps }: TrainingResult,
  { flags, measures: { main }, rank }: PrintedResult,
): void {
  const command = `${rank === undefined ? "" : `mpirun -n ${rank.size} `}residua train --resume ${files.last}`;
  if (status === "stopped")
    print({
      en: `Stopped after step ${steps}. Resume with: ${command}`,
      zh: `在第 ${steps} 步之后停止。继续：${command}`,
    });
  if (best?.validation !== undefined)
    print(
      phrase(
        { en: `Best epoch: ${best.epoch}, `, zh: `最佳轮次：${best.epoch}，` },
        describeMeasure(best.validation, main, "validation"),
        { en: ".", zh: "。" },
      ),
    );
  if (test !== undefined) print(flags.describeTest(test));
  if (files.onnx !== undefined) print({ en: `Network: ${files.onnx}`, zh: `网络：${files.onnx}` });
}

async function train(options: Options, command: Command, flags: AllTaskFlags): Promise<void> {
  const begin = performance.now();
  const rank = findRank(process.env);
  const isFirst = rank === undefined || rank.rank === 0;
  requireRanks(rank, options);
  const { start, task } = await openStart(options, typedOptions(command), { flags, ranks: rank?.size ?? 1 });
  if (isFirst && options.preset !== undefined && !("resume" in start))
    describePresetTraining(options.preset, start).forEach(say);
  const job = createJob(options, start, rank);
  // With the database of runs, which help has no use for.
  const { trainingObservers } = await import("../observers.ts");
  const observers = combineObservers(isFirst ? trainingObservers(options) : [], sayMessage);
  const { report, measures } = createReporter();
  const observe = (event: TrainingEvent): void => {
    report(event);
    observers.observe(event);
  };
  const running = runInChild(trainingJob, job, { onEvent: observe });
  const interrupt = watchInterrupt(
    running,
    isFirst && {
      en: "stopping after this step, with a checkpoint; press Ctrl-C again to end at once",
      zh: "这一步之后停止，并留下检查点；再按一次 Ctrl-C 立即结束",
    },
  );
  try {
    const result = await finishObserved(running.result, observers, { isAsked: interrupt.pressedAgain });
    // Its exit code and words are those of rank 0.
    if (!isFirst) return;
    if (options.json) printJson(result);
    else printResult(result, { flags: flags[task], measures: measures(), rank });
    if (result.status === "diverged") {
      const { last } = result.files;
      const reason = result.reason ?? "";
      const kept = existsSync(last) ? { en: `; last good state: ${last}`, zh: `；最后的完好状态：${last}` } : "";
      say(phrase("residua: ", spokenMessage(reason), kept));
    }
    const rate = result.imagesPerSecond.toFixed(0);
    const pace = Number.isNaN(result.imagesPerSecond) ? [] : [{ en: `${rate} images/s`, zh: `${rate} 幅/秒` }];
    const lowering = { en: `${result.lowering} lowering`, zh: `${result.lowering} lowering` };
    const spent = formatDuration(result.processorSeconds);
    const processor = { en: `processor time ${spent}`, zh: `处理器时间 ${spent}` };
    say(
      joinWords(
        [formatDuration((performance.now() - begin) / 1000), processor, ...pace, lowering, result.device ?? []].flat(),
      ),
    );
    if (result.status === "stopped") process.exitCode = ExitCode.interrupted;
    if (result.status === "diverged") process.exitCode = ExitCode.failure;
  } catch (error) {
    if (!interrupt.pressed()) throw error;
    process.exitCode = ExitCode.interrupted;
  } finally {
    interrupt.end();
  }
}

function registerTrain(program: Command, flags: AllTaskFlags): void {
  const command = addFreshOptions(program.command("train"), flags)
    .addOption(sharedOptions.lowering())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.device())
    .addOption(
      new Option(
        "--resume [path]",
        "resume from a checkpoint or a run's folder (default: --out), which defines everything about the run; only --epochs may be raised",
      ),
    )
    .addOption(
      new Option(
        "--rank-timeout <seconds>",
        "with mpirun: how long a rank waits for the others in a step before it counts them as gone (default: 300)",
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option(
        "--sync-batch-norm",
        "with mpirun: batch norms take their mean and variance over the batches of all ranks, not each over its own",
      ),
    )
    .addOption(new Option("--out <dir>", `output folder (default: "${STANDARD_FOLDER}", or that of the resumed run)`))
    .addOption(
      new Option("--snapshots <n>", "save the weights n times during training, for residua landscape").argParser(
        wholeNumber(1),
      ),
    )
    .addOption(sharedOptions.store())
    .addOption(new Option("--no-store", "do not record the run in the run store"))
    .addOption(new Option("--tensorboard <dir>", "write TensorBoard event files, into a subfolder per run"))
    .addOption(new Option("--mlflow <url>", "report to an MLflow tracking server, such as http://localhost:5000"))
    .addOption(sharedOptions.json());
  addFineTuningOptions(addRecipeFlags(command, fieldsOfGroup("training"), { defaults }));
  addTaskOptions(command, flags, "train")
    .addHelpText(
      "after",
      `
Examples:
  $ residua train --data mnist --model resnet20 --epochs 3
  $ residua train --preset fast --data cifar10 --threads 1         a network and recipe chosen for the data
  $ residua train --data cifar10 --model resnet20 --shortcut A --epochs 60 --batch-size 128
  $ residua train --data cifar10 --model wrn-16-4 --option dropout=0.3 --epochs 30
  $ residua train --data photos/ --model resnet18 --out runs/photos
  $ residua train --data mnist --tensorboard logs/first     then: tensorboard --logdir logs
  $ residua train --data photos/ --from resnet18.onnx --head-only
  $ residua train --data photos/ --from resnet50.pth --layer-decay 0.7 --ema
  $ residua train --data photos/ --model resnet18 --weights backbone.pth --partial
  $ residua train --data mnist --model resnet20 --device webgpu
  $ residua train --preset cells --data nuclei/ --out runs/cells
  $ mpirun -n 2 residua train --data photos/ --batch-size 64       on two processes, 128 images a step
  $ residua train --resume residua-train
  $ residua train --resume residua-train --epochs 6                longer than it was planned`,
    )
    .action((options: Options, self: Command) => train(options, self, flags));
}

/** `residua train`: trains a network for any task; can be stopped and resumed exactly. */
export async function loadTrain(): Promise<(program: Command) => void> {
  const flags = await loadAllTaskFlags();
  return (program) => registerTrain(program, flags);
}
