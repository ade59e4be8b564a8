import { type Command, InvalidArgumentError, Option } from "commander";
import { OptionError } from "../tensor/errors.ts";
import type { FreshTraining } from "../train/node/job.ts";
import { wholeNumber } from "./options.ts";
import { addRecipeFlags, fieldsOfGroup } from "./recipe-flags.ts";
import { entryOf, loadOptionsOf, type WeightsOptions, weightsOptions } from "./weights-options.ts";

/** Options of `residua train` about the starting weights and individual layers. */
export interface FineTuningOptions extends WeightsOptions {
  readonly from?: string;
  readonly weights?: string;
  readonly classes?: readonly string[];
  readonly imageSize?: number;
}

const words = (text: string): readonly string[] => {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.includes("")) throw new InvalidArgumentError(`must be names with commas between them, got "${text}"`);
  return parts;
};

/** Adds the options of {@link FineTuningOptions} to a command, under headings of their own in its help. */
export function addFineTuningOptions(command: Command): Command {
  command
    .optionsGroup("Fine-tuning:")
    .addOption(
      new Option(
        "--from <file>",
        "start from an ONNX network, a ready network, or weights (.pth, .safetensors …) of --model",
      ),
    )
    .addOption(
      new Option(
        "--weights <file>",
        "start from weights in any layout that inspect knows, for --model or the network that they identify",
      ).conflicts("from"),
    )
    .addOption(weightsOptions.partial())
    .addOption(weightsOptions.layout())
    .addOption(weightsOptions.entry())
    .addOption(weightsOptions.prefix())
    .addOption(
      new Option("--classes <names>", "classes of the data to learn, in this order (default: all)").argParser(words),
    )
    .addOption(
      new Option("--image-size <n>", "height and width to scale images to (default: the network's)").argParser(
        wholeNumber(1),
      ),
    );
  return addRecipeFlags(command, [...fieldsOfGroup("fine-tuning"), ...fieldsOfGroup("loss and steps")], {
    grouped: true,
  });
}

async function findStart(from: string): Promise<string> {
  const { findNetworkPath } = await import("../ready/node/find.ts");
  return findNetworkPath(from, "from");
}

/** Reads the options about the starting weights. */
export async function fineTuningStart(
  options: FineTuningOptions,
): Promise<Pick<FreshTraining, "from" | "weights" | "classes" | "imageSize">> {
  const { from, weights: path, classes, imageSize } = options;
  const given = (["partial", "layout", "entry", "prefix"] as const).find((name) => options[name] !== undefined);
  if (path === undefined && given !== undefined)
    throw new OptionError(`--${given}`, "applies only with --weights FILE");
  const found = from === undefined ? undefined : await findStart(from);
  return {
    ...(found === undefined ? {} : { from: found }),
    ...(path === undefined ? {} : { weights: { path, ...entryOf(options), ...loadOptionsOf(options) } }),
    ...(classes === undefined ? {} : { classes }),
    ...(imageSize === undefined ? {} : { imageSize }),
  };
}
