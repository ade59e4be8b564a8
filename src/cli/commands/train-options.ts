import { type Command, InvalidArgumentError, Option } from "commander";
import { OptionError } from "../../tensor/errors.ts";
import type { FreshTraining } from "../../train/node/job.ts";
import { wholeNumber } from "../options.ts";
import { addRecipeFlags, fieldsOfGroup } from "../recipe-flags.ts";
import { entryOf, loadOptionsOf, type WeightsOptions, weightsOptions } from "../weights-options.ts";

/** Options of `residua train` about what it starts from and about single layers. */
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
      new Option("--from <file>", "start from an ONNX network, or from weights (.pth, .safetensors …) of --model"),
    )
    .addOption(
      new Option(
        "--weights <file>",
        "start from weights in any layout that inspect knows: of --model, or of the network that they tell",
      ).conflicts("from"),
    )
    .addOption(weightsOptions.partial())
    .addOption(weightsOptions.layout())
    .addOption(weightsOptions.entry())
    .addOption(weightsOptions.prefix())
    .addOption(
      new Option("--classes <names>", "classes of the data to tell apart, in this order (default: all)").argParser(
        words,
      ),
    )
    .addOption(
      new Option("--image-size <n>", "height and width that images are brought to (default: the network's)").argParser(
        wholeNumber(1),
      ),
    );
  return addRecipeFlags(command, [...fieldsOfGroup("fine-tuning"), ...fieldsOfGroup("loss and steps")], {
    grouped: true,
  });
}

/** What the options say about the start. */
export function fineTuningStart(
  options: FineTuningOptions,
): Pick<FreshTraining, "from" | "weights" | "classes" | "imageSize"> {
  const { from, weights: path, classes, imageSize } = options;
  const given = (["partial", "layout", "entry"] as const).find((name) => options[name] !== undefined);
  if (path === undefined && given !== undefined) throw new OptionError(`--${given}`, "goes with --weights FILE");
  return {
    ...(from === undefined ? {} : { from }),
    ...(path === undefined ? {} : { weights: { path, ...entryOf(options), ...loadOptionsOf(options) } }),
    ...(classes === undefined ? {} : { classes }),
    ...(imageSize === undefined ? {} : { imageSize }),
  };
}
