import * as v from "valibot";
import { precisions } from "../compile/lowering.ts";
import { countingNumber, wholeNumber } from "../files/schema.ts";
import { scheduleNames } from "../optim/schedules.ts";
import type { OptimizerRecipe, RateGroup, Recipe } from "./recipe.ts";

/** Names the fields of a recipe; each optimizer option is a separate field. */
export type RecipeField =
  | Exclude<keyof Recipe, "optimizer">
  | "optimizer.name"
  | "optimizer.momentum"
  | "optimizer.nesterov"
  | "optimizer.beta1"
  | "optimizer.beta2"
  | "optimizer.otherRate"
  | "optimizer.decoupledDecay"
  | "optimizer.unitFilters"
  | "optimizer.weightDecay";

/** The headings under which a command's help lists recipe fields. */
export type RecipeGroup = "training" | "fine-tuning" | "loss and steps";

/** The command-line flag of a field. */
export interface RecipeFlag {
  /** As commander takes it, such as "--ema [decay]". */
  readonly usage: string;
  readonly group: RecipeGroup;
  /** The value of a bare flag, if its value is optional. */
  readonly implied?: number;
  /** Whether the flag may be repeated; its values are joined. */
  readonly repeats?: true;
  /** Fields that exclude this one. */
  readonly conflicts?: readonly RecipeField[];
}

/** The type of a field: its description, check and parser. */
interface ValueKind {
  /** Completes "must be …". */
  readonly expects: string;
  readonly schema: v.GenericSchema;
  /** All values, if the field is a choice of words. */
  readonly choices?: readonly string[];
  /** Parses one value from a flag or a grid; the schema checks it afterwards. */
  readonly read: (text: string) => unknown;
}

/** One field of a recipe: everything that schema, flags, help, resume checks, configuration files and grids need. */
export interface RecipeOption extends ValueKind {
  /** One line of help. */
  readonly help: string;
  /** The default, which has no effect. Fields without one are required. */
  readonly off?: unknown;
  /** Whether a grid may vary it: its values are written without commas. */
  readonly isAxis: boolean;
  /** Absent if only configuration files, grids and the library can set it. */
  readonly flag?: RecipeFlag;
  /** The optimizers that have the option. */
  readonly optimizers?: readonly OptimizerRecipe["name"][];
  /**
   * Values that change the outcome of a small training run, and the epochs needed for that. Tests train with each of
   * them on every path, and expect a different outcome from the default's, or a refusal that names the field.
   */
  readonly trial: {
    readonly values: readonly unknown[];
    readonly epochs?: number;
    /** Other fields that the values need. */
    readonly beside?: Partial<Recipe>;
  };
}

const wholeFrom = (least: 0 | 1): ValueKind => ({
  expects: `a whole number of at least ${least}`,
  schema: least === 0 ? wholeNumber : countingNumber,
  read: readNumber,
});
const numberThat = (expects: string, holds: (value: number) => boolean): ValueKind => ({
  expects,
  schema: v.pipe(v.number(), v.finite(), v.check(holds, expects)),
  read: readNumber,
});
const aboveZero = numberThat("a number above 0", (x) => x > 0);
const belowOne = numberThat("a number in [0, 1)", (x) => x >= 0 && x < 1);
const yesOrNo: ValueKind = {
  expects: "true or false",
  schema: v.boolean(),
  read: (text) => (text === "true" ? true : text === "false" ? false : text),
};
const oneOf = (names: readonly string[]): ValueKind => ({
  expects: `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`,
  schema: v.picklist(names),
  choices: names,
  read: (text) => text,
});
const patterns: ValueKind = {
  expects: "a list of patterns such as layer1 or *.conv1",
  schema: v.pipe(v.array(v.pipe(v.string(), v.nonEmpty())), v.minLength(1)),
  read: readWords,
};
const rateGroups: ValueKind = {
  expects: "PATTERN=FACTOR with a factor above 0, such as layer1=0.1",
  schema: v.pipe(
    v.array(
      v.strictObject({
        pattern: v.pipe(v.string(), v.nonEmpty()),
        factor: v.pipe(v.number(), v.finite(), v.gtValue(0)),
      }),
    ),
    v.minLength(1),
  ),
  read: readRates,
};
const weightsOfClasses: ValueKind = {
  expects: '"balanced", or a number above 0 for each class',
  schema: v.union([
    v.literal("balanced"),
    v.pipe(v.array(v.pipe(v.number(), v.finite(), v.gtValue(0))), v.minLength(1)),
  ]),
  read: (text) => (text === "balanced" ? text : readWords(text).map(readNumber)),
};

function readNumber(text: string): unknown {
  return text.trim() === "" ? text : Number(text);
}

function readWords(text: string): readonly string[] {
  return text.split(",").map((part) => part.trim());
}

function readRates(text: string): readonly RateGroup[] {
  const at = text.lastIndexOf("=");
  return [{ pattern: text.slice(0, Math.max(at, 0)), factor: Number(readNumber(text.slice(at + 1))) }];
}

/** All optimizers. */
export const optimizerNames: readonly OptimizerRecipe["name"][] = ["sgd", "adamw", "muon"];

const training = { group: "training" } as const;
const fineTuning = { group: "fine-tuning" } as const;
const lossAndSteps = { group: "loss and steps" } as const;

/** The fields of a recipe, one row per field. A field without a row does not compile. */
export const recipeOptions: { readonly [Field in RecipeField]: RecipeOption } = {
  epochs: {
    ...wholeFrom(1),
    help: "times through the training images",
    isAxis: true,
    flag: { usage: "--epochs <n>", ...training },
    trial: { values: [2] },
  },
  batch: {
    ...wholeFrom(1),
    help: "images per step",
    isAxis: true,
    flag: { usage: "--batch-size <n>", ...training },
    trial: { values: [3] },
  },
  learningRate: {
    ...aboveZero,
    help: "highest learning rate",
    isAxis: true,
    flag: { usage: "--lr <rate>", ...training },
    trial: { values: [0.01] },
  },
  "optimizer.name": {
    ...oneOf(optimizerNames),
    help: "sgd (Nesterov momentum 0.9), adamw, or muon (orthogonal steps for filters, sgd for the rest)",
    isAxis: true,
    flag: { usage: "--optimizer <name>", ...training },
    trial: { values: ["adamw", "muon"] },
  },
  "optimizer.momentum": {
    ...belowOne,
    help: "momentum of sgd and muon",
    off: 0,
    isAxis: true,
    optimizers: ["sgd", "muon"],
    flag: { usage: "--momentum <x>", ...training },
    trial: { values: [0.5] },
  },
  "optimizer.nesterov": {
    ...yesOrNo,
    help: "Nesterov momentum for sgd and muon",
    off: false,
    isAxis: true,
    optimizers: ["sgd", "muon"],
    trial: { values: [false] },
  },
  "optimizer.beta1": {
    ...belowOne,
    help: "decay of adamw's mean gradient",
    off: 0.9,
    isAxis: true,
    optimizers: ["adamw"],
    trial: { values: [0.5], beside: { optimizer: { name: "adamw" } } },
  },
  "optimizer.beta2": {
    ...belowOne,
    help: "decay of adamw's mean squared gradient",
    off: 0.999,
    isAxis: true,
    optimizers: ["adamw"],
    trial: { values: [0.9], beside: { optimizer: { name: "adamw" } } },
  },
  "optimizer.otherRate": {
    ...aboveZero,
    help: "learning rate of what muon leaves to sgd, as a multiple of the filters'",
    off: 5,
    isAxis: true,
    optimizers: ["muon"],
    flag: { usage: "--other-lr <factor>", ...training },
    trial: { values: [1], beside: { optimizer: { name: "muon" } } },
  },
  "optimizer.unitFilters": {
    ...yesOrNo,
    help: "muon first rescales each convolution's weight W before a batch norm to ‖W‖ = √(output channels)",
    off: false,
    isAxis: true,
    optimizers: ["muon"],
    flag: { usage: "--unit-filters", ...lossAndSteps },
    trial: { values: [true], beside: { optimizer: { name: "muon" } } },
  },
  schedule: {
    ...oneOf(scheduleNames),
    help: "how the learning rate changes over the training",
    isAxis: true,
    flag: { usage: "--schedule <name>", ...training },
    trial: { values: ["constant", "step", "linear", "cosine"] },
  },
  warmupSteps: {
    ...wholeFrom(0),
    help: "steps over which the learning rate first rises from almost nothing",
    off: 0,
    isAxis: true,
    flag: { usage: "--warmup-steps <n>", ...training },
    trial: { values: [2] },
  },
  "optimizer.weightDecay": {
    ...numberThat("a number of at least 0", (x) => x >= 0),
    help: "weight decay",
    off: 0,
    isAxis: true,
    optimizers: ["sgd", "adamw", "muon"],
    flag: { usage: "--weight-decay <x>", ...training },
    trial: { values: [0.1] },
  },
  "optimizer.decoupledDecay": {
    ...yesOrNo,
    help: "weight decay shrinks what sgd trains by rate times decay, instead of entering its gradient",
    off: false,
    isAxis: true,
    optimizers: ["sgd", "muon"],
    flag: { usage: "--decoupled-decay", ...lossAndSteps },
    trial: { values: [true] },
  },
  decaySparesNorms: {
    ...yesOrNo,
    help: "weight decay spares biases and batch norms",
    off: false,
    isAxis: true,
    flag: { usage: "--decay-spares-norms", ...training },
    trial: { values: [true] },
  },
  labelSmoothing: {
    ...belowOne,
    help: "share of the label that is spread over all classes",
    off: 0,
    isAxis: true,
    flag: { usage: "--label-smoothing <x>", ...training },
    trial: { values: [0.2] },
  },
  clipNorm: {
    ...aboveZero,
    help: "largest global norm of the gradients",
    isAxis: true,
    off: undefined,
    flag: { usage: "--clip-norm <x>", ...training },
    trial: { values: [0.01] },
  },
  patience: {
    ...wholeFrom(1),
    help: "stop after n epochs without a better validation",
    isAxis: false,
    off: undefined,
    flag: { usage: "--patience <n>", ...training },
    trial: { values: [1], epochs: 6 },
  },
  seed: {
    ...wholeFrom(0),
    help: "seed of everything random",
    isAxis: false,
    flag: { usage: "--seed <n>", ...training },
    trial: { values: [7] },
  },
  headOnly: {
    ...yesOrNo,
    help: "train the classifier alone; all other layers and their statistics stay",
    off: false,
    isAxis: true,
    flag: { usage: "--head-only", ...fineTuning },
    trial: { values: [true] },
  },
  freeze: {
    ...patterns,
    help: "keep parameters by name: layer1, *.conv1, …; may be repeated",
    isAxis: false,
    off: undefined,
    flag: { usage: "--freeze <pattern>", ...fineTuning, repeats: true },
    trial: { values: [["layer1"]] },
  },
  unfreezeEvery: {
    ...wholeFrom(1),
    help: "train the classifier first, then one more stage every n epochs",
    isAxis: true,
    off: undefined,
    flag: { usage: "--unfreeze [epochs]", ...fineTuning, implied: 1, conflicts: ["headOnly"] },
    trial: { values: [1], epochs: 3 },
  },
  layerDecay: {
    ...numberThat("a number above 0 and at most 1", (x) => x > 0 && x <= 1),
    help: "each stage's learning rate is x times that of the stage behind it",
    off: 1,
    isAxis: true,
    flag: { usage: "--layer-decay <x>", ...fineTuning },
    trial: { values: [0.5] },
  },
  rates: {
    ...rateGroups,
    help: "multiply the learning rate of parameters by name: layer1=0.1; may be repeated, the last match counts",
    isAxis: false,
    off: undefined,
    flag: { usage: "--lr-group <pattern=factor>", ...fineTuning, repeats: true },
    trial: { values: [[{ pattern: "layer1", factor: 0.1 }]] },
  },
  biasRate: {
    ...aboveZero,
    help: "learning rate of biases, those of batch norms included, as a multiple of the others'",
    off: 1,
    isAxis: true,
    flag: { usage: "--bias-lr <factor>", ...fineTuning },
    trial: { values: [16] },
  },
  accumulate: {
    ...wholeFrom(1),
    help: "batches whose mean gradient makes one step",
    off: 1,
    isAxis: true,
    flag: { usage: "--accumulate <n>", ...lossAndSteps },
    trial: { values: [2] },
  },
  syncBatchNorm: {
    expects: "a whole number of at least 2",
    schema: v.pipe(countingNumber, v.minValue(2)),
    read: readNumber,
    help: "ranks over whose batches a batch norm normalises together",
    isAxis: false,
    off: undefined,
    trial: { values: [2] },
  },
  classWeights: {
    ...weightsOfClasses,
    help: '"balanced", or a weight for each class: 1,2.5,…',
    isAxis: false,
    off: undefined,
    flag: { usage: "--class-weights <w>", ...lossAndSteps },
    trial: { values: ["balanced", [1, 5]] },
  },
  mixup: {
    ...aboveZero,
    help: "train on blends of two images, their share from Beta(alpha, alpha)",
    isAxis: true,
    off: undefined,
    flag: { usage: "--mixup [alpha]", ...lossAndSteps, implied: 0.2 },
    trial: { values: [0.4] },
  },
  rotation: {
    ...numberThat("a number of degrees above 0 and at most 180", (x) => x > 0 && x <= 180),
    help: "turn images by an angle from −x to x degrees",
    isAxis: true,
    off: undefined,
    flag: { usage: "--rotation <degrees>", ...lossAndSteps },
    trial: { values: [30] },
  },
  brightness: {
    ...aboveZero,
    help: "multiply images by a factor from 1 − x to 1 + x",
    isAxis: true,
    off: undefined,
    flag: { usage: "--brightness <x>", ...lossAndSteps },
    trial: { values: [0.4] },
  },
  contrast: {
    ...aboveZero,
    help: "blend images with their mean grey, by a factor from 1 − x to 1 + x",
    isAxis: true,
    off: undefined,
    flag: { usage: "--contrast <x>", ...lossAndSteps },
    trial: { values: [0.4] },
  },
  saturation: {
    ...aboveZero,
    help: "blend images with their own grey, by a factor from 1 − x to 1 + x",
    isAxis: true,
    off: undefined,
    flag: { usage: "--saturation <x>", ...lossAndSteps },
    trial: { values: [0.4] },
  },
  erasing: {
    ...numberThat("a number above 0 and at most 1", (x) => x > 0 && x <= 1),
    help: "probability that a rectangle of an image is blanked out",
    isAxis: true,
    off: undefined,
    flag: { usage: "--erasing [p]", ...lossAndSteps, implied: 0.5 },
    trial: { values: [0.9] },
  },
  alternateFlip: {
    ...yesOrNo,
    help: "mirror each image in every other epoch: instead of by chance, or where images are not mirrored otherwise",
    isAxis: true,
    off: false,
    flag: { usage: "--alternate-flip", ...lossAndSteps },
    trial: { values: [true] },
  },
  reflectBorder: {
    ...yesOrNo,
    help: "pad shifted images by reflection, not with black",
    isAxis: false,
    off: false,
    flag: { usage: "--reflect-border", ...lossAndSteps },
    trial: { values: [true] },
  },
  precision: {
    ...oneOf(precisions),
    help: "float32, or mixed: float16 in convolutions and products, for graphics processors",
    isAxis: true,
    off: "float32",
    flag: { usage: "--precision <name>", ...lossAndSteps },
    trial: { values: ["mixed"] },
  },
  progressiveResize: {
    ...numberThat("a number from 0.1 to below 1", (x) => x >= 0.1 && x < 1),
    help: "the first half of the steps see images of this share of their height and width",
    isAxis: true,
    off: undefined,
    flag: { usage: "--progressive-resize [share]", ...lossAndSteps, implied: 0.75 },
    trial: { values: [0.5] },
  },
  freezeOut: {
    ...numberThat("a number above 0 and below 1", (x) => x > 0 && x < 1),
    help: "stages freeze from the front on: the first after this share of the steps, those behind it later",
    isAxis: true,
    off: undefined,
    flag: {
      usage: "--freeze-out [share]",
      ...lossAndSteps,
      implied: 0.5,
      conflicts: ["headOnly", "unfreezeEvery"],
    },
    trial: { values: [0.4] },
  },
  whiten: {
    ...yesOrNo,
    help: "the first convolution whitens patches of the images, and is not trained",
    isAxis: true,
    off: false,
    flag: { usage: "--whiten", ...lossAndSteps },
    trial: { values: [true] },
  },
  lookahead: {
    ...belowOne,
    help: "every 5 steps, pull the weights back to their slow average: at the end by this share",
    isAxis: true,
    off: undefined,
    flag: { usage: "--lookahead [share]", ...lossAndSteps, implied: 0.774 },
    trial: { values: [0.9] },
  },
  average: {
    ...belowOne,
    help: "validate, test and export a moving average of the weights",
    isAxis: true,
    off: undefined,
    flag: { usage: "--ema [decay]", ...lossAndSteps, implied: 0.999 },
    trial: { values: [0.5] },
  },
};

/** All fields, in the order of the table. */
export const recipeFields: readonly RecipeField[] = Object.keys(recipeOptions) as RecipeField[];

/** Whether a field is an option of the optimizer. */
export const isOptimizerPart = (field: RecipeField): field is RecipeField & `optimizer.${string}` =>
  field.startsWith("optimizer.");

/** The value of a field; undefined if the recipe does not set it. */
export function recipeValue(recipe: Partial<Recipe>, field: RecipeField): unknown {
  return isOptimizerPart(field)
    ? (recipe.optimizer as Readonly<Record<string, unknown>> | undefined)?.[field.slice("optimizer.".length)]
    : recipe[field];
}

/**
 * Sets one field of a recipe. A new optimizer keeps only the options that it shares.
 *
 * @param recipe must have an optimizer if `field` is an optimizer option
 */
export function withRecipeValue<R extends Partial<Recipe>>(recipe: R, field: RecipeField, value: unknown): R {
  if (!isOptimizerPart(field)) return { ...recipe, [field]: value };
  const before = recipe.optimizer ?? { name: "sgd" };
  const optimizer = { ...before, [field.slice("optimizer.".length)]: value } as OptimizerRecipe;
  if (field !== "optimizer.name") return { ...recipe, optimizer };
  const kept = Object.entries(optimizer).filter(([name]) => {
    const { optimizers } = recipeOptions[`optimizer.${name}` as RecipeField];
    return optimizers === undefined || optimizers.includes(optimizer.name);
  });
  return { ...recipe, optimizer: Object.fromEntries(kept) };
}
