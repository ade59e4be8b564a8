import { standardDataset } from "../../data/catalog.ts";
import { type Command, Option } from "commander";
import type { FlowSummary } from "../../lab/gradient-flow/study.ts";
import type { FlowEvent, FlowJob, FlowStart } from "../../lab/gradient-flow/node/job.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type LoweringChoice } from "../../compile/lowering.ts";
import { cacheFolder } from "../cache.ts";
import { findFileArgument } from "../network-argument.ts";
import {
  type ComputeOptions,
  computePlace,
  listOf,
  positiveNumber,
  sharedOptions,
  shortcutArgument,
  wholeNumber,
} from "../options.ts";
import { type Column, formatTable, print, printJson, say, printLines } from "../output.ts";
import { createProgress } from "../progress.ts";
import { OutputFileOption } from "../output-file.ts";
import { requireReportFile, runLabJob, writeReport } from "../lab-job.ts";
import type { Verdict } from "../../lab/gradient-flow/verdict.ts";
import type { Words } from "../../report/words.ts";
import { heads } from "../lang/heads.ts";
import { spokenMessage } from "../lang/language.ts";

interface Options extends ComputeOptions {
  readonly model: string;
  readonly shortcut?: readonly ShortcutType[];
  readonly option?: ModelOptions;
  readonly data?: string;
  readonly steps?: number;
  readonly probes: number;
  readonly batchSize: number;
  readonly lr?: number;
  readonly seed: number;
  readonly lowering: LoweringChoice;
  readonly out: string;
  readonly json?: boolean;
}

const STANDARD_STEPS = 60;
const SHORTCUTS: readonly ShortcutType[] = ["plain", "project"];

const short = (value: number): string => String(Number(value.toPrecision(4)));

const verdictWords: { readonly [Kind in Verdict["kind"]]: Words } = {
  vanishing: { en: "vanishing", zh: "消失" },
  exploding: { en: "exploding", zh: "爆炸" },
  steady: { en: "steady", zh: "平稳" },
  broken: { en: "broken", zh: "中断" },
};

const columns: readonly Column<FlowSummary>[] = [
  { title: { en: "network", zh: "网络" }, value: ({ label }) => label },
  { title: heads.step, value: ({ step }) => String(step), align: "right" },
  {
    title: { en: "first layer ‖g‖", zh: "首层 ‖g‖" },
    value: ({ first }) => `${first.layer} ${short(first.gradient)}`,
    align: "right",
  },
  {
    title: { en: "last layer ‖g‖", zh: "末层 ‖g‖" },
    value: ({ last }) => `${last.layer} ${short(last.gradient)}`,
    align: "right",
  },
  { title: { en: "first / last", zh: "首层/末层" }, value: ({ ratio }) => short(ratio), align: "right" },
  {
    title: { en: "per layer", zh: "每层" },
    value: ({ verdict }) => (verdict ? `×${short(verdict.perLayer)}` : "-"),
    align: "right",
  },
  {
    title: { en: "the gradient is", zh: "梯度" },
    value: ({ verdict }) => (verdict === undefined ? "-" : verdictWords[verdict.kind]),
  },
];

async function planNetworks(options: Options): Promise<readonly FlowStart[]> {
  const { model, shortcut, option = {} } = options;
  const file = await findFileArgument(model);
  if (file !== undefined) {
    if (Object.keys(option).length > 0)
      throw new OptionError("--option", "a file defines its own network; leave it out");
    if (shortcut !== undefined) throw new OptionError("--shortcut", "a file defines its own shortcuts; leave it out");
    return [{ label: model, file }];
  }
  const { createModel } = await import("../../nn/models.ts");
  return (shortcut ?? SHORTCUTS).map((type) => {
    const made = { ...option, shortcut: type };
    // Refuses a wrong network before anything starts.
    createModel(model, made);
    return { label: `${model}, ${type}`, model, options: made };
  });
}

function createJob(options: Options, networks: readonly FlowStart[]): FlowJob {
  const isFile = networks.some((start) => "file" in start);
  const { data = isFile ? undefined : standardDataset, steps = isFile ? 0 : STANDARD_STEPS } = options;
  return {
    networks,
    ...(data === undefined ? {} : { data }),
    cache: cacheFolder(),
    steps,
    probes: options.probes,
    recipe: {
      batch: options.batchSize,
      seed: options.seed,
      ...(options.lr === undefined ? {} : { learningRate: options.lr }),
    },
    lowering: options.lowering,
    ...computePlace(options),
    training: `${options.out}.training.safetensors`,
  };
}

function createReporter(): (event: FlowEvent) => void {
  const progress = createProgress();
  return (event) => {
    if (event.kind === "note") return progress.finish(spokenMessage(event.text));
    if (event.kind === "network") return progress.finish();
    const { label, step, steps, loss, share } = event;
    progress.update(
      {
        en: `${label}: step ${step}/${steps}, loss ${loss.toFixed(3)}`,
        zh: `${label}：步 ${step}/${steps}，损失 ${loss.toFixed(3)}`,
      },
      share,
    );
  };
}

async function gradflow(options: Options): Promise<void> {
  await requireReportFile(options.out);
  const [{ gradientFlowJob }, { summarizeStudy }, { reportGradientFlow }] = await Promise.all([
    import("../../lab/gradient-flow/node/job.ts"),
    import("../../lab/gradient-flow/study.ts"),
    import("../../lab/gradient-flow/report.ts"),
  ]);
  const job = createJob(options, await planNetworks(options));
  await runLabJob(gradientFlowJob, job, {
    kept: job.training,
    onEvent: createReporter(),
    conclude: async (study) => {
      const isWhole =
        study.networks.length === job.networks.length && study.networks.every(({ status }) => status !== "stopped");
      if (study.networks.length === 0) return { isWhole };
      await writeReport(options.out, reportGradientFlow(study));
      const summaries = summarizeStudy(study);
      if (options.json) printJson({ ...study, summary: summaries, report: options.out });
      else {
        printLines(formatTable(columns, summaries));
        print();
        for (const { sentence } of summaries) print(sentence);
      }
      for (const { label, status } of study.networks)
        if (status === "diverged")
          say({
            en: `${label}: training diverged; the report shows the steps before`,
            zh: `${label}：训练发散；报告显示发散之前的步`,
          });
      return { isWhole, report: options.out };
    },
  });
}

/** `residua gradflow`: does the gradient vanish or explode, and where? */
export function registerGradflow(program: Command): void {
  program
    .command("gradflow")
    .addOption(
      new Option(
        "--model <name|file>",
        "a network such as resnet56, a checkpoint or ONNX file, or a ready network",
      ).default("resnet56"),
    )
    .addOption(
      new Option("--shortcut <list>", "shortcut types to compare (default: plain,project)").argParser(
        listOf(shortcutArgument),
      ),
    )
    .addOption(sharedOptions.option())
    .addOption(
      new Option(
        "--data <name|dir>",
        `a data set, or a folder of images by class (default: ${standardDataset}, or the file's own)`,
      ),
    )
    .addOption(
      new Option(
        "--steps <n>",
        `updates to follow; 0: only the start (default: ${STANDARD_STEPS}, for a file 0)`,
      ).argParser(wholeNumber(0)),
    )
    .addOption(
      new Option("--probes <n>", "number of measurements along training").argParser(wholeNumber(1)).default(12),
    )
    .addOption(
      new Option("--batch-size <n>", "images per step and in the measured batch").argParser(wholeNumber(2)).default(64),
    )
    .addOption(new Option("--lr <rate>", "learning rate, constant (default: 0.1)").argParser(positiveNumber))
    .addOption(sharedOptions.seed())
    .addOption(sharedOptions.lowering())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.device())
    .addOption(
      new OutputFileOption("--out <file>", "the report, a self-contained page", [".training.safetensors"]).default(
        "gradflow.html",
      ),
    )
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
Examples:
  $ residua gradflow                                               plain-56 next to resnet56 on MNIST
  $ residua gradflow --steps 0 --shortcut plain,A,B,C --json       only the start
  $ residua gradflow --model resnet110 --shortcut project --option zeroInitResidual=true
  $ residua gradflow --model residua-train/last.safetensors        a trained network, as it is
  $ residua gradflow --model model.onnx --data photos/ --steps 100`,
    )
    .action(gradflow);
}
