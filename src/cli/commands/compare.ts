import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import type { ScheduleName } from "../../optim/schedules.ts";
import { type ComparedRun, type Comparison, type DrawnRun, summarize } from "../../lab/comparison.ts";
import {
  type CompareEvent,
  type CompareJob,
  type CompareResult,
  planRuns,
  type RunPlan,
  startComparison,
} from "../../lab/node/compare.ts";
import { cifarResnet } from "../../nn/families/resnet.ts";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type LoweringChoice, loweringChoices } from "../../train/lowering.ts";
import { combineObservers, finishObserved } from "../../train/observers.ts";
import { defaultRecipe } from "../../train/recipe.ts";
import { makeFolder, requireWritableFolder, writeFileAtomically } from "../../weights/node.ts";
import { cacheFolder } from "../cache.ts";
import { ExitCode } from "../exit-code.ts";
import { watchInterrupt } from "../interrupt.ts";
import { listOf, positiveNumber, sharedOptions, shortcutArgument, wholeNumber } from "../options.ts";
import {
  type Column,
  formatCount,
  formatDuration,
  formatLarge,
  formatTable,
  print,
  printJson,
  say,
} from "../output.ts";
import { comparisonObservers } from "../observers.ts";
import { createProgress } from "../progress.ts";

interface Options {
  readonly depth: readonly number[];
  readonly shortcut: readonly ShortcutType[];
  readonly seeds: number;
  readonly seed: number;
  readonly data: string;
  readonly limit: number;
  readonly testLimit: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly lowering: LoweringChoice;
  readonly threads?: number;
  readonly out: string;
  readonly store?: string | false;
  readonly json?: boolean;
}

const SCHEDULE: ScheduleName = "one-cycle";

const percent = (share: number): string => (Number.isNaN(share) ? "-" : `${(100 * share).toFixed(2)} %`);

const columns: readonly Column<DrawnRun>[] = [
  { title: "depth", value: (run) => String(run.depth), align: "right" },
  { title: "shortcut", value: (run) => run.shortcut },
  { title: "seed", value: (run) => String(run.seed), align: "right" },
  { title: "parameters", value: (run) => formatCount(run.parameters), align: "right" },
  { title: "multiply-adds", value: (run) => formatLarge(run.multiplyAdds), align: "right" },
  { title: "test accuracy", value: (run) => percent(run.testAccuracy), align: "right" },
  {
    title: "final loss",
    value: (run) => (Number.isNaN(run.trainLoss) ? "-" : run.trainLoss.toFixed(3)),
    align: "right",
  },
  {
    title: "first-layer gradient",
    value: (run) => formatCount(Number(run.firstLayerGradientNorm.toPrecision(3))),
    align: "right",
  },
  { title: "images/s", value: (run) => run.imagesPerSecond.toFixed(0), align: "right" },
  { title: "status", value: (run) => run.status },
];

/** Says what is going on; time left goes by depth, to which a run's cost is proportional. */
function createReporter(runs: readonly RunPlan[], batch: number): (event: CompareEvent) => void {
  const progress = createProgress();
  const start = performance.now();
  const total = runs.reduce((sum, { depth }) => sum + depth, 0);
  const before = (run: number): number => runs.slice(0, run).reduce((sum, { depth }) => sum + depth, 0);
  const name = ({ depth, shortcut, seed }: RunPlan): string => `depth ${depth}, ${shortcut}, seed ${seed}`;
  return (event) => {
    if (event.kind === "note") return progress.finish(event.text);
    const plan = runs[event.run];
    if (event.kind === "run") {
      return progress.finish(
        `[${event.run + 1}/${runs.length}] ${name(plan)}: test accuracy ${percent(event.result.testAccuracy)}`,
      );
    }
    if (event.kind !== "step") return;
    const share = (before(event.run) + (plan.depth * event.step) / event.steps) / total;
    const left = ((performance.now() - start) / 1000) * (1 / share - 1);
    const rate = (1000 * batch) / event.milliseconds;
    progress.update(
      `[${event.run + 1}/${runs.length}] ${name(plan)}: step ${event.step}/${event.steps}, loss ${event.loss.toFixed(3)}, ` +
        `${rate.toFixed(0)} images/s, ${formatDuration(left)} left`,
    );
  };
}

function toComparison(job: CompareJob, { runs, lowering, trainImages, testImages }: CompareResult): Comparison {
  const { recipe } = job;
  return {
    runs,
    settings: {
      data: job.data,
      trainImages,
      testImages,
      epochs: recipe.epochs,
      steps: recipe.epochs * Math.floor(trainImages / recipe.batch),
      batchSize: recipe.batch,
      learningRate: recipe.learningRate,
      optimizer: "SGD with Nesterov momentum 0.9, weight decay 5e-4",
      schedule: recipe.schedule,
      lowering,
    },
  };
}

interface WrittenReport {
  readonly page: string;
  readonly data: string;
}

async function writeReport(folder: string, comparison: Comparison): Promise<WrittenReport> {
  await makeFolder(folder);
  // Loaded here alone: drawing takes a third of a second to load, which no other command should wait for.
  const { renderComparison } = await import("../../lab/node/comparison-report.ts");
  const report = { page: join(folder, "comparison.html"), data: join(folder, "comparison.json") };
  await writeFileAtomically(report.page, renderComparison(comparison));
  await writeFileAtomically(report.data, `${JSON.stringify(comparison, undefined, 1)}\n`);
  return report;
}

function createJob(options: Options): CompareJob {
  if (existsSync(options.out) && !statSync(options.out).isDirectory())
    throw new OptionError("--out", `"${options.out}" is a file, must be a folder`);
  // Names a wrong depth before anything starts.
  for (const depth of options.depth) cifarResnet(depth, { channels: 1, classes: 2, shortcut: "plain" });
  const seeds = Array.from({ length: options.seeds }, (_, index) => options.seed + index);
  const { seed: _, ...recipe } = defaultRecipe;
  return {
    runs: planRuns(options.depth, options.shortcut, seeds),
    data: options.data,
    cache: cacheFolder(),
    trainImages: options.limit,
    testImages: options.testLimit,
    recipe: {
      ...recipe,
      epochs: options.epochs,
      batch: options.batchSize,
      learningRate: options.lr,
      schedule: SCHEDULE,
    },
    lowering: options.lowering,
    session: options.threads === undefined ? {} : { threads: options.threads },
    workers: 1,
  };
}

/** A run's figures alone, as `--json` gives them. */
function withoutCurve({ curve: _curve, ...run }: DrawnRun): ComparedRun {
  return run;
}

/** Says what is done once it is under way: what was asked for wrongly is answered by the error alone. */
function announceFirst(
  options: Options,
  job: CompareJob,
  report: (event: CompareEvent) => void,
): (event: CompareEvent) => void {
  let isAnnounced = false;
  return (event) => {
    if (!isAnnounced) {
      isAnnounced = true;
      say(
        `Training ${job.runs.length} networks on ${options.data}: ${options.epochs} epoch(s) of the first ${formatCount(options.limit)} images, ` +
          `tested on the first ${formatCount(options.testLimit)} test images.`,
      );
    }
    report(event);
  };
}

async function compare(options: Options): Promise<void> {
  const job = createJob(options);
  // Not after the training, when the report is written.
  await requireWritableFolder(options.out);
  const start = performance.now();
  const observers = combineObservers(comparisonObservers(options, job), say);
  const report = announceFirst(options, job, createReporter(job.runs, options.batchSize));
  const running = startComparison(job, (event) => {
    report(event);
    observers.observe(event);
  });
  const interrupt = watchInterrupt(running, "stopping after this step; press Ctrl-C again to end at once");
  try {
    const reported = running.result.then(async (result) => {
      const comparison = toComparison(job, result);
      const written = result.runs.length > 0 ? await writeReport(options.out, comparison) : undefined;
      return { ...result, comparison, written, reports: written === undefined ? [] : [written.page, written.data] };
    });
    const result = await finishObserved(reported, observers);
    const { comparison } = result;
    const page = result.written?.page;
    if (options.json) printJson({ runs: result.runs.map(withoutCurve), settings: comparison.settings, report: page });
    else printComparison(comparison);
    say(
      `${formatDuration((performance.now() - start) / 1000)}; ${page === undefined ? "no run was finished" : `report: ${page}`}`,
    );
    if (result.runs.length < job.runs.length) process.exitCode = ExitCode.interrupted;
  } catch (error) {
    if (!interrupt.pressed()) throw error;
    process.exitCode = ExitCode.interrupted;
  } finally {
    interrupt.end();
  }
}

function printComparison(comparison: Comparison): void {
  if (comparison.runs.length === 0) return;
  print(formatTable(columns, comparison.runs));
  print();
  for (const sentence of summarize(comparison)) print(sentence);
}

/** `residua compare`: what does the shortcut type do to a deep network? */
export function registerCompare(program: Command): void {
  program
    .command("compare")
    .description("train a shallow and a deep network with each shortcut type, and show what the type does")
    .addOption(
      new Option("--depth <list>", "depths of CIFAR ResNets, 6n+2")
        .argParser(listOf(wholeNumber(1)))
        .default([20, 56], "20,56"),
    )
    .addOption(
      new Option("--shortcut <list>", "shortcut types: plain (none), pad (A), project (B), project-all (C)")
        .argParser(listOf(shortcutArgument))
        .default(["plain", "pad", "project", "project-all"], "plain,A,B,C"),
    )
    .addOption(new Option("--seeds <n>", "seeds for each network").argParser(wholeNumber(1)).default(1))
    .addOption(sharedOptions.seed())
    .addOption(sharedOptions.data("mnist"))
    .addOption(sharedOptions.limit().default(6400))
    .addOption(
      new Option("--test-limit <n>", "evaluate on the first n test images").argParser(wholeNumber(1)).default(2000),
    )
    .addOption(new Option("--epochs <n>", "times through the training images").argParser(wholeNumber(1)).default(1))
    .addOption(new Option("--batch-size <n>", "images a step").argParser(wholeNumber(1)).default(64))
    .addOption(
      new Option("--lr <rate>", "highest learning rate of the one-cycle schedule")
        .argParser(positiveNumber)
        .default(0.1),
    )
    .addOption(
      new Option("--lowering <name>", "how the training graph is written for this machine")
        .choices([...loweringChoices])
        .default("auto"),
    )
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.out("residua-compare"))
    .addOption(sharedOptions.store())
    .addOption(new Option("--no-store", "do not keep the runs in the run store"))
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
Examples:
  $ residua compare                                          the question in under five minutes
  $ residua compare --depth 8,20,56 --shortcut plain,B       other networks
  $ residua compare --data cifar10 --limit 50000 --epochs 10 --seeds 3
  $ residua compare --json > comparison.json`,
    )
    .action(compare);
}
