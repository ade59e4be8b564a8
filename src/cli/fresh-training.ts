import { type Command, Option } from "commander";
import type { ModelOptions } from "../nn/model-options.ts";
import type { ShortcutType } from "../nn/shortcuts/type.ts";
import type { TaskName } from "../tasks/find-task.ts";
import type { FreshTraining } from "../train/node/job.ts";
import { dataOption } from "./data-option.ts";
import { decimalNumber, onlyGiven, sharedOptions } from "./options.ts";
import { type OptionValues, typedRecipe } from "./recipe-flags.ts";
import type { AllTaskFlags, TaskFlags } from "./task-flags.ts";
import { presetOption, refuseForeignOptions, taskOption, wantedTask } from "./task-options.ts";
import { type FineTuningOptions, fineTuningStart } from "./train-options.ts";

/** What is trained on what: options of every command that begins a training. */
export interface FreshOptions extends FineTuningOptions {
  readonly task?: TaskName;
  readonly preset?: string;
  readonly model?: string;
  readonly shortcut?: ShortcutType;
  readonly option?: ModelOptions;
  readonly data: string;
  readonly limit?: number;
  readonly validation?: number;
}

/** Adds the options of {@link FreshOptions} that are not about the starting weights. */
export function addFreshOptions(command: Command, flags: AllTaskFlags): Command {
  return command
    .addOption(presetOption(flags))
    .addOption(
      new Option(
        "--model <name>",
        "resnet20, resnet50d, densenet121 …; residua models list shows all (default: resnet20, or the preset's)",
      ),
    )
    .addOption(sharedOptions.shortcut())
    .addOption(sharedOptions.option())
    .addOption(dataOption())
    .addOption(sharedOptions.limit())
    .addOption(
      new Option(
        "--validation <share>",
        "share of the training images held out to choose the best epoch (default: the task's, 0.04 to 0.1, and of a small set 8 images, or a fifth)",
      ).argParser(decimalNumber(0, 1)),
    )
    .addOption(
      taskOption(
        "classify images, or segment them; for segmentation, --data is a folder with images/ and masks/ (default: classify)",
      ),
    );
}

/** Assembles a fresh training run. @param typed names of the options given on the command line */
async function createStart(
  options: FreshOptions,
  typed: ReadonlySet<string>,
  flags: TaskFlags,
): Promise<FreshTraining> {
  const { model, data, limit, validation, option, shortcut } = options;
  const given = typedRecipe(options as unknown as OptionValues);
  const start = await flags.startTraining({
    start: {
      ...onlyGiven({ model, limit }),
      modelOptions: { ...option, ...onlyGiven({ shortcut }) },
      ...(await fineTuningStart(options)),
      data,
      fitsBatch: !given.has("batch"),
    },
    ...onlyGiven({ validation }),
    given,
    options: options as unknown as OptionValues,
    typed,
  });
  // Refuses a wrong model before anything starts.
  if (start.model !== undefined) {
    const { createModel } = await import("../nn/models.ts");
    createModel(start.model, start.modelOptions);
  }
  return start;
}

/**
 * A training from the start, as the options have it, and its task.
 *
 * @param given the options that were typed
 * @throws {OptionError} for options that the task does not have
 */
export async function openFreshTraining(
  options: FreshOptions,
  given: OptionValues,
  flags: AllTaskFlags,
): Promise<{ readonly start: FreshTraining; readonly task: TaskName }> {
  const typed = new Set(Object.keys(given));
  const task = wantedTask(typed, options, flags);
  refuseForeignOptions(typed, { tasks: [task], flags, kind: "train" });
  return { start: await createStart(options, typed, flags[task]), task };
}
