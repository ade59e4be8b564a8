import { dataOption } from "../data-option.ts";
import { runInline } from "../../jobs/inline.ts";
import { runInChild } from "../../jobs/node/child-process.ts";
import { requireWritableFolder } from "../../files/node.ts";
import { createInterface } from "node:readline/promises";
import { type Command, Option } from "commander";
import type { EqualBudget } from "../../lab/compare/comparison.ts";
import { comparedShortcuts, comparisonRecipe } from "../../lab/compare/standard-comparison.ts";
import { type CompareEvent, comparisonJob } from "../../lab/compare/node/job.ts";
import { OptionError } from "../../tensor/errors.ts";
import { combineObservers, finishObserved } from "../../train/observers.ts";
import { applyConfig, readAccuracy, readAxis, readDuration, readPart } from "../comparison-grid.ts";
import type { ComparisonOptions } from "../comparison-job.ts";
import { createComparisonReporter } from "../comparison-output.ts";
import { showComparison, writeReport } from "../comparison-report.ts";
import { ExitCode } from "../exit-code.ts";
import { watchInterrupt } from "../interrupt.ts";
import { holdFolder } from "../output-lock.ts";
import { listOf, sharedOptions, shortcutArgument, wholeNumber } from "../options.ts";
import { addRecipeFlags, type FieldDefaults, type OptionValues, typedRecipe } from "../recipe-flags.ts";
import { counted, formatCount, formatDuration, say, sayMessage } from "../output.ts";
import { spoken } from "../lang/language.ts";

interface Options extends ComparisonOptions {
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly lease?: number;
}

/** Above this many runs, the command asks for confirmation. */
const MANY_RUNS = 100;

async function confirmMany(count: number, { yes }: Options): Promise<void> {
  if (count <= MANY_RUNS || yes === true) return;
  const question = `this trains ${formatCount(count)} networks`;
  if (!process.stdin.isTTY)
    throw new OptionError("--yes", `${question}; confirm with --yes, or limit it with --budget`);
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await reader.question(
      spoken({
        en: `residua: ${question}; go on? [y/N] `,
        zh: `residua: 将训练 ${formatCount(count)} 个网络；继续吗？[y/N] `,
      }),
    );
    if (!/^y(es)?$/i.test(answer.trim())) throw new OptionError("--yes", `${question}, which was declined`);
  } finally {
    reader.close();
  }
}

/** Announces the comparison once it is under way, so that a wrong request prints nothing but its error. */
function announceFirst(
  options: Options,
  count: number,
  report: (event: CompareEvent) => void,
  epochs: number,
): (event: CompareEvent) => void {
  let isAnnounced = false;
  return (event) => {
    if (!isAnnounced) {
      isAnnounced = true;
      const [images, tested] = [formatCount(options.limit), formatCount(options.testLimit)];
      const part = options.part === undefined ? undefined : `${options.part.index}/${options.part.count}`;
      say({
        en:
          `Training ${counted(count, "network")}${part === undefined ? "" : ` of part ${part}`} on ${options.data}: ` +
          `${counted(epochs, "epoch")} of the first ${counted(options.limit, "image")}, tested on the first ${counted(options.testLimit, "test image")}.`,
        zh: `在 ${options.data} 上训练 ${count} 个网络${part === undefined ? "" : `（第 ${part} 份）`}：前 ${images} 幅图像 ${epochs} 个轮次，用前 ${tested} 幅测试图像测试。`,
      });
    }
    report(event);
  };
}

async function compare(given: Options, command: Command): Promise<void> {
  // With the database of runs, which help has no use for.
  const { nothingToTrain, planRuns, reportFolder, restOf, toComparison } = await import("../comparison-job.ts");
  const { loadProjectConfig } = await import("../../lab/compare/node/project-config.ts");
  const { comparisonObservers } = await import("../observers.ts");
  const { compareByQueue, requireQueuePackage, withQueue } = await import("../comparison-queue.ts");
  const { compare: config = {} } = await loadProjectConfig(process.cwd(), given.config);
  const chosen = withQueue(applyConfig(given, config, command), command);
  const options = { ...chosen, out: reportFolder(chosen) };
  if (options.queue !== undefined) await requireQueuePackage();
  const plan = await planRuns(options, config, typedRecipe(given as unknown as OptionValues));
  const rest = restOf(plan, options);
  await confirmMany(rest.runs.length, options);
  // Checked now, not when the report is written after training.
  await requireWritableFolder(options.out);
  await holdFolder(options.out);
  if (plan.known.size > 0)
    say({
      en: `${plan.known.size} of ${plan.job.runs.length} networks are taken from the run store, trained earlier (--fresh retrains them).`,
      zh: `${plan.job.runs.length} 个网络中有 ${plan.known.size} 个取自运行存储，先前已训练（--fresh 重新训练）。`,
    });
  if (options.queue !== undefined) return compareByQueue(plan, rest, options);
  const start = performance.now();
  const observers = combineObservers(comparisonObservers(options, rest), sayMessage);
  const costs = plan.costs.filter((_, index) => !plan.known.has(index));
  const report = announceFirst(
    options,
    rest.runs.length,
    createComparisonReporter(rest.runs, costs),
    rest.recipe.epochs,
  );
  const running =
    rest.runs.length === 0
      ? runInline({ name: comparisonJob.name, run: async () => nothingToTrain(plan) }, undefined)
      : runInChild(comparisonJob, rest, {
          onEvent: (event) => {
            report(event);
            observers.observe(event);
          },
        });
  const interrupt = watchInterrupt(running, {
    en: "stopping after this step; press Ctrl-C again to end at once",
    zh: "这一步之后停止；再按一次 Ctrl-C 立即结束",
  });
  try {
    const reported = running.result.then(async (result) => {
      const comparison = toComparison(plan, options, rest, result);
      const written = await writeReport(options.out, comparison);
      return { ...result, comparison, written, reports: written === undefined ? [] : [written.page, written.data] };
    });
    const { comparison, written, runs, skipped } = await finishObserved(reported, observers, {
      isAsked: interrupt.pressedAgain,
    });
    await showComparison(comparison, { json: options.json, report: written?.page });
    const time = formatDuration((performance.now() - start) / 1000);
    say(
      written === undefined
        ? { en: `${time}; no run finished`, zh: `${time}；没有完成任何训练` }
        : { en: `${time}; report: ${written.page}`, zh: `${time}；报告：${written.page}` },
    );
    if (runs.length + skipped < rest.runs.length) process.exitCode = ExitCode.interrupted;
  } catch (error) {
    if (!interrupt.pressed()) throw error;
    process.exitCode = ExitCode.interrupted;
  } finally {
    interrupt.end();
  }
}

/** The defaults that help shows for recipe fields. */
const defaults: FieldDefaults = {
  epochs: String(comparisonRecipe.epochs),
  batch: String(comparisonRecipe.batch),
  learningRate: `${comparisonRecipe.learningRate}, in one cycle`,
  seed: "0",
};

const equalBudgets: readonly EqualBudget[] = ["epochs", "multiply-adds"];

/** `residua compare`: what does the shortcut type do to a deep network? */
export function registerCompare(program: Command): void {
  const command = program
    .command("compare")
    .addOption(
      new Option("--depth <list>", "depths of CIFAR ResNets, 6n+2")
        .argParser(listOf(wholeNumber(1)))
        .default([20, 56], "20,56"),
    )
    .addOption(
      new Option("--shortcut <list>", "shortcut types: plain (none), pad (A), project (B), project-all (C) …")
        .argParser(listOf(shortcutArgument))
        .default(comparedShortcuts, "plain,A,B,C"),
    )
    .addOption(
      new Option("--block <list>", "basic, preactivation, or a network's name with * for the depth, such as wrn-*-2")
        .argParser(listOf((text) => text))
        .default(["basic"], "basic"),
    )
    .addOption(
      new Option(
        "--vary <name=list>",
        "values of a network option or recipe field, such as gateBias=-6,0 or learningRate=0.1,0.05; repeatable",
      ).argParser(readAxis),
    )
    .addOption(new Option("--seeds <n>", "seeds per network").argParser(wholeNumber(1)).default(1))
    .addOption(dataOption())
    .addOption(sharedOptions.limit().default(4160))
    .addOption(
      new Option("--test-limit <n>", "evaluate on the first n test images").argParser(wholeNumber(1)).default(1000),
    );
  addRecipeFlags(command, ["epochs", "batch", "learningRate", "seed"], { defaults })
    .addOption(
      new Option("--equal <what>", "what all runs share: epochs, or multiply-adds (cheaper networks train longer)")
        .choices(equalBudgets)
        .default("epochs"),
    )
    .addOption(
      new Option(
        "--until <accuracy>",
        "end a run when it classifies this share of the test images right, such as 0.9 or 90%, and compare what that takes",
      ).argParser(readAccuracy),
    )
    .addOption(
      new Option(
        "--budget <time>",
        "train what fits into 30m, 2h …: the first seed of every network, then the second …",
      ).argParser(readDuration),
    )
    .addOption(
      new Option(
        "--part <i/n>",
        "train only part i of n, counted from 0; the same command without it joins the parts from the run store",
      ).argParser(readPart),
    )
    .addOption(
      new Option(
        "--queue [url]",
        "leave the training to residua worker on any machines, through this PostgreSQL database; record the runs there (default: RESIDUA_STORE)",
      ),
    )
    .addOption(
      new Option(
        "--lease <time>",
        "with --queue: a worker that is silent for so long loses its run to another (default: 30s)",
      ).argParser(readDuration),
    )
    .addOption(new Option("--config <file>", "configuration file (default: residua.config.ts, if present)"))
    .addOption(sharedOptions.lowering())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.device())
    .addOption(sharedOptions.out("residua-compare"))
    .addOption(sharedOptions.store())
    .addOption(new Option("--no-store", "do not record the runs in the run store"))
    .addOption(new Option("--fresh", "retrain runs that the run store already has"))
    .addOption(new Option("--yes", `train more than ${MANY_RUNS} networks without confirmation`))
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
Runs that the run store already has are not trained again; interrupted ones resume.

Examples:
  $ residua compare                                          the question in two minutes
  $ residua compare --depth 8,20,56 --shortcut plain,B       other networks
  $ residua compare --seeds 5 --shortcut A,B,C --budget 30m  with tests over seeds, as far as time allows
  $ residua compare --shortcut gated --vary gateBias=-6,-3,0
  $ residua compare --until 90% --epochs 4 --seeds 5         what an accuracy costs, within 4 epochs
  $ residua compare --data cifar10 --limit 50000 --epochs 10 --seeds 3
  $ residua compare --seeds 20 --part 3/20 --store postgres://me:secret@db.example/lab
  $ residua compare --seeds 20 --queue postgres://me:secret@db.example/lab
  $ residua compare --json > comparison.json`,
    )
    .action(compare);
}
