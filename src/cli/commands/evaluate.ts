import { type Command, Option } from "commander";
import { type TaskName, taskNameOf } from "../../tasks/find-task.ts";
import { OptionError } from "../../tensor/errors.ts";
import { foreignOptions } from "../foreign-options.ts";
import {
  type ModelFileOptions,
  type OpenedModel,
  openModelFile,
  openModelOrReady,
  trustedKeyOption,
} from "../model-file.ts";
import { onlyGiven, sharedOptions, wholeNumber, typedOptions } from "../options.ts";
import type { OptionValues } from "../recipe-flags.ts";
import { type AllTaskFlags, loadAllTaskFlags } from "../task-flags.ts";
import { addTaskOptions, refuseForeignOptions, taskOption } from "../task-options.ts";
import { weightsOptions } from "../weights-options.ts";

interface Options extends ModelFileOptions {
  readonly model?: string;
  readonly data?: string;
  readonly limit?: number;
  readonly task?: TaskName;
  readonly json?: boolean;
}

/** The network's task; `--task` may confirm it, not change it. */
function requireTask(model: string, own: string, wanted: string | undefined): void {
  if (wanted !== undefined && wanted !== own)
    throw new OptionError("--task", `is ${wanted}, but ${model} was trained to ${own}`);
}

/** @throws {OptionError} if neither a network nor a task is named */
async function openNetwork({ model, task, ...options }: Options): Promise<OpenedModel> {
  if (model !== undefined) return openModelFile(model, options);
  if (task !== undefined) return openModelOrReady(undefined, task, options);
  throw new OptionError("--model", "is missing; name a network, or a task with --task for its ready network");
}

async function evaluate(options: Options, command: Command, flags: AllTaskFlags): Promise<void> {
  const { data, limit, json = false } = options;
  const { network, model } = await openNetwork(options);
  try {
    const task = taskNameOf(network.card.task, model);
    requireTask(model, task, options.task);
    refuseForeignOptions(new Set(Object.keys(typedOptions(command))), { tasks: [task], flags, kind: "evaluate" });
    const request = { model, ...onlyGiven({ data, limit }), json, options: options as unknown as OptionValues };
    await flags[task].evaluate(network, request);
  } finally {
    await network.session.release();
  }
}

function registerEvaluate(program: Command, flags: AllTaskFlags): void {
  const command = program
    .command("evaluate")
    .option(
      "--model <name|file>",
      "a ready network such as digits, one from residua train, or weights that residua inspect identifies with certainty (default: the ready network of --task)",
    )
    .option("--data <name|dir>", "data set (default: the one it was trained on)")
    .addOption(new Option("--limit <n>", "use the first n test images").argParser(wholeNumber(1)))
    .addOption(taskOption("the task that the network must have"))
    .addOption(trustedKeyOption())
    .addOption(sharedOptions.shortcut())
    .addOption(weightsOptions.layout())
    .addOption(weightsOptions.entry())
    .addOption(weightsOptions.prefix())
    .addOption(weightsOptions.partial())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.device())
    .addOption(sharedOptions.json());
  foreignOptions().forEach((option) => command.addOption(option));
  addTaskOptions(command, flags, "evaluate")
    .addHelpText(
      "after",
      "\nExamples:\n  $ residua evaluate --model residua-train/model.onnx --data mnist\n  $ residua evaluate --model resnet20-12fca82f.th --data cifar10\n  $ residua evaluate --task segment --data nuclei/ --json\n  $ residua evaluate --model runs/cells/model.onnx --held-back --report cells.html",
    )
    .action((options: Options, self: Command) => evaluate(options, self, flags));
}

/** `residua evaluate`: measures how well a network does its task. */
export async function loadEvaluate(): Promise<(program: Command) => void> {
  const flags = await loadAllTaskFlags();
  return (program) => registerEvaluate(program, flags);
}
