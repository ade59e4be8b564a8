import { type Command, Option } from "commander";
import type { LoweringChoice } from "../../compile/lowering.ts";
import { type RateEvent, type RateJob, rateJob, type RateRecipe, rateRefusals } from "../../lab/lr-find/node/job.ts";
import { reportRates } from "../../lab/lr-find/report.ts";
import { formatRate, summarizeRates } from "../../lab/lr-find/study.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { RecipeField } from "../../train/recipe-options.ts";
import { cacheFolder } from "../cache.ts";
import { addFreshOptions, type FreshOptions, openFreshTraining } from "../fresh-training.ts";
import { OutputFileOption } from "../output-file.ts";
import { requireReportFile, runLabJob, writeReport } from "../lab-job.ts";
import {
  type ComputeOptions,
  computePlace,
  positiveNumber,
  sharedOptions,
  wholeNumber,
  typedOptions,
} from "../options.ts";
import { print, printJson } from "../output.ts";
import { createProgress } from "../progress.ts";
import { addRecipeFlags, fieldsOfGroup, type OptionValues, recipeFlagOf, typedRecipe } from "../recipe-flags.ts";
import { type AllTaskFlags, loadAllTaskFlags } from "../task-flags.ts";
import { addTaskOptions } from "../task-options.ts";
import { addFineTuningOptions } from "../train-options.ts";

interface Options extends FreshOptions, ComputeOptions {
  readonly lowest: number;
  readonly highest: number;
  readonly steps: number;
  readonly lowering: LoweringChoice;
  readonly out: string;
  readonly json?: boolean;
}

const refused = Object.keys(rateRefusals) as (keyof typeof rateRefusals & RecipeField)[];

/** The training that the rate is for. @throws {OptionError} naming a field that has no meaning here */
async function openStart(options: Options, given: OptionValues, flags: AllTaskFlags): Promise<RateJob["start"]> {
  const typed = typedRecipe(given);
  const field = refused.find((name) => typed.has(name));
  if (field !== undefined) throw new OptionError(field, rateRefusals[field]);
  const { recipe, ...start } = (await openFreshTraining(options, given, flags)).start;
  // What the standard recipe or a preset says of the rate is what the test is for.
  const rest = Object.entries(recipe).filter(([name]) => !(name in rateRefusals));
  return { ...start, recipe: Object.fromEntries(rest) as unknown as RateRecipe };
}

function createReporter(): (event: RateEvent) => void {
  const progress = createProgress();
  return (event) => {
    if (event.kind === "note") return progress.finish(event.text);
    const { step, steps, learningRate, loss } = event;
    progress.update(`step ${step}/${steps}: rate ${formatRate(learningRate)}, loss ${loss.toFixed(3)}`, step / steps);
    if (step === steps) progress.finish();
  };
}

async function findRate(options: Options, command: Command, flags: AllTaskFlags): Promise<void> {
  const { lowest, highest, steps, lowering, out, json } = options;
  const start = await openStart(options, typedOptions(command), flags);
  await requireReportFile(out);
  await runLabJob(
    rateJob,
    { start, lowest, highest, steps, cache: cacheFolder(), lowering, ...computePlace(options) },
    {
      onEvent: createReporter(),
      conclude: async (study) => {
        const isWhole = study.status !== "stopped";
        if (study.points.length === 0) return { isWhole };
        await writeReport(out, reportRates(study));
        if (json) printJson({ ...study, report: out });
        else for (const sentence of summarizeRates(study)) print(sentence);
        return { isWhole, isKept: false, report: out };
      },
    },
  );
}

function registerLrFind(program: Command, flags: AllTaskFlags): void {
  const command = addFreshOptions(program.command("lr-find"), flags)
    .addOption(
      new Option("--lowest <rate>", "learning rate of the first step").argParser(positiveNumber).default(1e-7, "1e-7"),
    )
    .addOption(new Option("--highest <rate>", "learning rate of the last step").argParser(positiveNumber).default(10))
    .addOption(new Option("--steps <n>", "steps from the one to the other").argParser(wholeNumber(10)).default(100))
    .addOption(sharedOptions.lowering())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.device())
    .addOption(new OutputFileOption("--out <file>", "the report, a self-contained page").default("lr-find.html"))
    .addOption(sharedOptions.json());
  addFineTuningOptions(addRecipeFlags(command, fieldsOfGroup("training")));
  const withoutUse = new Set(refused.map(recipeFlagOf));
  for (const option of command.options) if (withoutUse.has(option.long ?? undefined)) option.hideHelp();
  addTaskOptions(command, flags, "train")
    .addHelpText(
      "after",
      `
Everything else is said as to residua train, whose first steps these are.

Examples:
  $ residua lr-find --data mnist --model resnet20
  $ residua lr-find --data cifar10 --model resnet56 --optimizer adamw --batch-size 128 --steps 200
  $ residua lr-find --data photos/ --from resnet50.pth --head-only --lowest 1e-6 --highest 1
  $ residua lr-find --preset cells --data nuclei/ --json`,
    )
    .action((options: Options, self: Command) => findRate(options, self, flags));
}

/** `residua lr-find`: which learning rate should a training have? */
export async function loadLrFind(): Promise<(program: Command) => void> {
  const flags = await loadAllTaskFlags();
  return (program) => registerLrFind(program, flags);
}
