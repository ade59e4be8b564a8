import { type Command, InvalidArgumentError, Option } from "commander";
import { OptionError } from "../../tensor/errors.ts";
import type { FreshTraining, NormalizationChoice } from "../../train/node/job.ts";
import type { RateGroup, Recipe } from "../../train/recipe.ts";
import { decimalNumber, positiveNumber, wholeNumber } from "../options.ts";
import { entryOf, loadOptionsOf, type WeightsOptions, weightsOptions } from "../weights-options.ts";

/** Options of `residua train` about what it starts from and about single layers. */
export interface FineTuningOptions extends WeightsOptions {
  readonly from?: string;
  readonly weights?: string;
  readonly classes?: readonly string[];
  readonly imageSize?: number;
  readonly normalization?: NormalizationChoice;
  readonly freeze?: readonly string[];
  readonly headOnly?: true;
  readonly unfreeze?: number | true;
  readonly layerDecay?: number;
  readonly lrGroup?: readonly RateGroup[];
  readonly accumulate?: number;
  readonly classWeights?: "balanced" | readonly number[];
  readonly mixup?: number | true;
  readonly ema?: number | true;
}

const UNFREEZE_EPOCHS = 1;
const MIXUP_ALPHA = 0.2;
const EMA_DECAY = 0.999;

const words = (text: string): readonly string[] => {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.includes("")) throw new InvalidArgumentError(`must be names with commas between them, got "${text}"`);
  return parts;
};

const morePatterns = (text: string, before: readonly string[] = []): readonly string[] => [...before, ...words(text)];

function moreRates(text: string, before: readonly RateGroup[] = []): readonly RateGroup[] {
  const at = text.lastIndexOf("=");
  const factor = Number(text.slice(at + 1));
  if (at < 1 || text.slice(at + 1).trim() === "" || !(factor > 0 && Number.isFinite(factor)))
    throw new InvalidArgumentError(`must be PATTERN=FACTOR with a factor above 0, such as layer1=0.1, got "${text}"`);
  return [...before, { pattern: text.slice(0, at), factor }];
}

function classWeights(text: string): "balanced" | readonly number[] {
  return text === "balanced" ? text : words(text).map(positiveNumber);
}

/** Adds the options of {@link FineTuningOptions} to a command, under headings of their own in its help. */
export function addFineTuningOptions(command: Command): Command {
  return command
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
    .addOption(
      new Option("--classes <names>", "classes of the data to tell apart, in this order (default: all)").argParser(
        words,
      ),
    )
    .addOption(new Option("--head-only", "train the classifier alone; all other layers and their statistics stay"))
    .addOption(
      new Option(
        "--freeze <pattern>",
        "keep parameters by name: layer1, *.conv1, …; may be given several times",
      ).argParser(morePatterns),
    )
    .addOption(
      new Option(
        "--unfreeze [epochs]",
        `train the classifier first, then one more stage every so many epochs (${UNFREEZE_EPOCHS})`,
      )
        .argParser(wholeNumber(1))
        .conflicts("headOnly"),
    )
    .addOption(
      new Option("--layer-decay <x>", "each stage's learning rate is x times that of the stage behind it").argParser(
        (text) => {
          const value = positiveNumber(text);
          if (value > 1) throw new InvalidArgumentError(`must be at most 1, got "${text}"`);
          return value;
        },
      ),
    )
    .addOption(
      new Option(
        "--lr-group <pattern=x>",
        "multiply the learning rate of these parameters; may be given several times",
      ).argParser(moreRates),
    )
    .addOption(
      new Option("--image-size <n>", "height and width that images are brought to (default: the network's)").argParser(
        wholeNumber(1),
      ),
    )
    .addOption(
      new Option(
        "--normalization <by>",
        "mean and deviation of images (default: what --from's file records, else data)",
      ).choices(["data", "imagenet"]),
    )
    .optionsGroup("Loss and steps:")
    .addOption(new Option("--accumulate <n>", "batches whose mean gradient makes one step").argParser(wholeNumber(1)))
    .addOption(
      new Option("--class-weights <w>", '"balanced", or a weight for every class: 1,2.5,…').argParser(classWeights),
    )
    .addOption(
      new Option(
        "--mixup [alpha]",
        `train on blends of two images, their share from Beta(alpha, alpha) (${MIXUP_ALPHA})`,
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option("--ema [decay]", `validate and export a moving average of the weights (${EMA_DECAY})`).argParser(
        decimalNumber(0, 1),
      ),
    )
    .optionsGroup("Options:");
}

const orDefault = (given: number | true, byDefault: number): number => (given === true ? byDefault : given);

/** What the options say of the recipe. */
export function fineTuningRecipe(options: FineTuningOptions): Partial<Recipe> {
  const { freeze, headOnly, unfreeze, layerDecay, lrGroup, accumulate, classWeights: weights, mixup, ema } = options;
  return {
    ...(freeze === undefined ? {} : { freeze }),
    ...(headOnly === undefined ? {} : { headOnly }),
    ...(unfreeze === undefined ? {} : { unfreezeEvery: orDefault(unfreeze, UNFREEZE_EPOCHS) }),
    ...(layerDecay === undefined ? {} : { layerDecay }),
    ...(lrGroup === undefined ? {} : { rates: lrGroup }),
    ...(accumulate === undefined ? {} : { accumulate }),
    ...(weights === undefined || weights === "balanced" ? {} : { classWeights: weights }),
    ...(mixup === undefined ? {} : { mixup: orDefault(mixup, MIXUP_ALPHA) }),
    ...(ema === undefined ? {} : { average: orDefault(ema, EMA_DECAY) }),
  };
}

/** What the options say of the start. @throws {OptionError} if the weights are not as many as the classes */
export function fineTuningStart(
  options: FineTuningOptions,
): Pick<FreshTraining, "from" | "weights" | "classes" | "imageSize" | "normalization" | "balanceClasses"> {
  const { from, weights: path, classes, imageSize, normalization, classWeights: weights } = options;
  if (classes !== undefined && Array.isArray(weights) && weights.length !== classes.length)
    throw new OptionError("--class-weights", `must be ${classes.length}, one a class, got ${weights.length}`);
  const given = (["partial", "layout", "entry"] as const).find((name) => options[name] !== undefined);
  if (path === undefined && given !== undefined) throw new OptionError(`--${given}`, "goes with --weights FILE");
  return {
    ...(from === undefined ? {} : { from }),
    ...(path === undefined ? {} : { weights: { path, ...entryOf(options), ...loadOptionsOf(options) } }),
    ...(classes === undefined ? {} : { classes }),
    ...(imageSize === undefined ? {} : { imageSize }),
    ...(normalization === undefined ? {} : { normalization }),
    ...(weights === "balanced" ? { balanceClasses: true } : {}),
  };
}
