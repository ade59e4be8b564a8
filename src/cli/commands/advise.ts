import { dataOption } from "../data-option.ts";
import { type Command, Option } from "commander";
import pc from "picocolors";
import type { NetworkFacts } from "../../lab/advise/facts.ts";
import type { AdviceStudy } from "../../lab/advise/measured.ts";
import type { Advice } from "../../lab/advise/advice.ts";
import type { MeasureEvent } from "../../lab/advise/node/job.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type LoweringChoice } from "../../compile/lowering.ts";
import { cacheFolder } from "../cache.ts";
import { OutputFileOption } from "../output-file.ts";
import { requireReportFile, runLabJob, writeReport } from "../lab-job.ts";
import { findFileArgument, openNetworkArgument } from "../network-argument.ts";
import { type ComputeOptions, computePlace, optionName, sharedOptions, typedOptions, wholeNumber } from "../options.ts";
import { print, printJson, say } from "../output.ts";
import { createProgress } from "../progress.ts";
import { phrase, type Words } from "../../report/words.ts";
import { spoken, spokenMessage } from "../lang/language.ts";

interface Options extends ComputeOptions {
  readonly shortcut?: ShortcutType;
  readonly option?: ModelOptions;
  readonly measure?: boolean;
  readonly data: string;
  readonly steps: number;
  readonly seeds: number;
  readonly batchSize: number;
  readonly testLimit: number;
  readonly lowering: LoweringChoice;
  readonly out?: string;
  readonly json?: boolean;
}

const STANDARD_REPORT = "advise.html";

async function readFacts(argument: string, { shortcut, option }: Options): Promise<NetworkFacts> {
  if (option !== undefined && (await findFileArgument(argument)) !== undefined)
    throw new OptionError("--option", "a file defines its own network; leave it out");
  const { factsOfGraph, factsOfModel } = await import("../../lab/advise/facts.ts");
  const network = await openNetworkArgument(argument, {
    ...option,
    ...(shortcut === undefined ? {} : { shortcut }),
  });
  if (network.kind === "network" && network.model.options.shortcut !== undefined)
    return factsOfModel(network.model.name, network.model.options, network.imageShape);
  const model = network.card?.model;
  if (model?.options.shortcut !== undefined) return factsOfModel(model.name, model.options, network.card?.imageShape);
  if (network.kind === "graph") return factsOfGraph(argument, network);
  throw new OptionError("<model|file>", `${argument} holds a network imported from another file; give that file`);
}

const marks: Readonly<Record<Advice["kind"], Words>> = {
  change: { en: "change  ", zh: "更改    " },
  consider: { en: "consider", zh: "可考虑  " },
  keep: { en: "keep    ", zh: "保留    " },
};

async function printStudy(study: AdviceStudy): Promise<void> {
  const { describeEffect, nameOrder } = await import("../../lab/advise/measured.ts");
  const order = nameOrder(study);
  const title = spoken({
    en: `${study.title}: ${study.depth} layers, ${study.blocks} blocks${order.en}`,
    zh: `${study.title}：${study.depth} 层，${study.blocks} 个块${order.zh}`,
  });
  print(pc.bold(title));
  for (const { id, kind, text, evidence, source } of study.advice) {
    const effect = study.measured?.effects.find((known) => known.id === id);
    print();
    print(phrase(`${pc.bold(spoken(marks[kind]))}  `, text));
    print(phrase("          ", evidence));
    print(pc.dim(`          ${source}`));
    if (effect !== undefined)
      print(phrase({ en: "          measured: ", zh: "          实测：" }, describeEffect(effect)));
  }
  if (study.advice.length === 0) print({ en: "No rule applies to this network.", zh: "没有规则适用于这个网络。" });
}

function createReporter(): (event: MeasureEvent) => void {
  const progress = createProgress();
  return (event) => {
    if (event.kind === "note") return progress.finish(spokenMessage(event.text));
    const { label, share } = event;
    progress.update(`${label}: ${(100 * share).toFixed(0)} %`, share);
    if (share >= 1) progress.finish();
  };
}

async function conclude(study: AdviceStudy, { json }: Options, out: string | undefined): Promise<void> {
  if (out !== undefined) {
    const { reportAdvice } = await import("../../lab/advise/report.ts");
    await writeReport(out, reportAdvice(study));
  }
  if (json) printJson({ ...study, ...(out === undefined ? {} : { report: out }) });
  else await printStudy(study);
}

/** Options of the measurement, which only `--measure` takes. */
const measuring = ["data", "steps", "seeds", "batchSize", "testLimit", "lowering", "threads", "device"] as const;

async function advise(argument: string, options: Options, command: Command): Promise<void> {
  const unused = measuring.find((name) => Object.hasOwn(typedOptions(command), name));
  if (!options.measure && unused !== undefined)
    throw new OptionError(optionName(unused), "applies only to a measurement; give --measure, too");
  const out = options.out ?? (options.measure ? STANDARD_REPORT : undefined);
  if (out !== undefined) await requireReportFile(out);
  const facts = await readFacts(argument, options);
  const { adviseOn } = await import("../../lab/advise/rules.ts");
  const advice = adviseOn(facts);
  const study: AdviceStudy = {
    title: facts.title,
    depth: facts.depth,
    order: facts.order,
    blocks: facts.blocks.length,
    ...(facts.cost === undefined ? {} : { cost: facts.cost }),
    advice,
  };
  const variants = advice.flatMap(({ id, variant }) => (variant === undefined ? [] : [{ id, ...variant }]));
  if (!options.measure || variants.length === 0 || facts.model === undefined) {
    await conclude(study, options, out);
    if (options.measure)
      say(
        facts.model === undefined
          ? {
              en: "Nothing was measured: a network known only by its graph cannot be rebuilt differently.",
              zh: "没有测量：只知道计算图的网络无法改建。",
            }
          : { en: "Nothing was measured: there is nothing to change.", zh: "没有测量：没有可更改之处。" },
      );
    if (out !== undefined) say({ en: `report: ${out}`, zh: `报告：${out}` });
    return;
  }
  const training = `${out}.training.safetensors`;
  const { measuringJob } = await import("../../lab/advise/node/job.ts");
  await runLabJob(
    measuringJob,
    {
      base: facts.model,
      variants,
      data: options.data,
      cache: cacheFolder(),
      steps: options.steps,
      seeds: Array.from({ length: options.seeds }, (_, seed) => seed),
      testImages: options.testLimit,
      recipe: { batch: options.batchSize },
      lowering: options.lowering,
      ...computePlace(options),
      training,
    },
    {
      kept: training,
      onEvent: createReporter(),
      conclude: async (measured) => {
        await conclude({ ...study, measured }, options, out);
        return { isWhole: measured.status === "done", report: out };
      },
    },
  );
}

/** `residua advise MODEL`: suggests better designs for its blocks. */
export function registerAdvise(program: Command): void {
  program
    .command("advise")
    .argument("<model|file>", "a name such as resnet56, or any file that holds a network")
    .addOption(sharedOptions.shortcut())
    .addOption(sharedOptions.option())
    .option("--measure", "try each suggestion in short training runs and show its effect")
    .addOption(dataOption())
    .addOption(new Option("--steps <n>", "steps per training run").argParser(wholeNumber(1)).default(60))
    .addOption(new Option("--seeds <n>", "training runs per network").argParser(wholeNumber(1)).default(3))
    .addOption(new Option("--batch-size <n>", "images per step").argParser(wholeNumber(1)).default(64))
    .addOption(new Option("--test-limit <n>", "test on the first n images").argParser(wholeNumber(1)).default(1000))
    .addOption(sharedOptions.lowering())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.device())
    .addOption(
      new OutputFileOption(
        "--out <file>",
        `write the report as a page (default: none; with --measure, ${STANDARD_REPORT})`,
        [".training.safetensors"],
      ),
    )
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
Examples:
  $ residua advise resnet34 --shortcut C
  $ residua advise resnet110 --out advise.html
  $ residua advise model.onnx --json
  $ residua advise resnet20 --measure --seeds 5`,
    )
    .action(advise);
}
