import type { Command } from "commander";
import { taskNameOf } from "../../tasks/find-task.ts";
import { OptionError } from "../../tensor/errors.ts";
import { foreignOptions } from "../foreign-options.ts";
import { listReadyNames, type ModelFileOptions, openModelFile, trustedKeyOption } from "../model-file.ts";
import { sharedOptions, typedOptions } from "../options.ts";
import type { OptionValues } from "../recipe-flags.ts";
import { type AllTaskFlags, loadAllTaskFlags } from "../task-flags.ts";
import { addTaskOptions, refuseForeignOptions } from "../task-options.ts";
import { weightsOptions } from "../weights-options.ts";

interface Options extends ModelFileOptions {
  readonly model?: string;
  readonly json?: boolean;
}

async function predict(
  paths: readonly string[],
  options: Options,
  { command, flags }: { readonly command: Command; readonly flags: AllTaskFlags },
): Promise<void> {
  const { model, json = false } = options;
  if (model === undefined)
    throw new OptionError(
      "--model",
      `is required: a trained network's file, or a ready network: ${await listReadyNames()}`,
    );
  const { network, ...opened } = await openModelFile(model, options);
  try {
    const task = taskNameOf(network.card.task, opened.model);
    refuseForeignOptions(new Set(Object.keys(typedOptions(command))), { tasks: [task], flags, kind: "predict" });
    await flags[task].predict(network, { ...opened, paths, json, options: options as unknown as OptionValues });
  } finally {
    await network.session.release();
  }
}

function registerPredict(program: Command, flags: AllTaskFlags): void {
  const command = program
    .command("predict")
    .argument("<image...>", "image files, folders of them, or globs")
    .option(
      "--model <name|file>",
      "a ready network such as digits, one from residua train, or weights that residua inspect identifies with certainty",
    )
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
  addTaskOptions(command, flags, "predict")
    .addHelpText(
      "after",
      "\nExamples:\n  $ residua predict --model digits digit.png\n  $ residua predict --model residua-train/model.onnx digit.png\n  $ residua predict --model resnet18.pth --top 5 cat.jpg\n  $ residua predict --model runs/cells/model.onnx --out found culture.tif",
    )
    .action((paths: readonly string[], options: Options, self: Command) =>
      predict(paths, options, { command: self, flags }),
    );
}

/** `residua predict IMAGE…`: shows what a trained network predicts for images. */
export async function loadPredict(): Promise<(program: Command) => void> {
  const flags = await loadAllTaskFlags();
  return (program) => registerPredict(program, flags);
}
