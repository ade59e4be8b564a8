import { noAugmentation } from "../../../data/augmentation.ts";
import { OptionError, oneOf } from "../../../tensor/errors.ts";
import type { FreshTraining } from "../../../train/node/job.ts";
import type { TrainingChoice } from "../../node/node-task.ts";
import { presetNetwork, presetRecipe } from "../../preset.ts";
import { platePresets } from "../presets.ts";
import { plateParts, type PlateSettings } from "../settings.ts";
import type { PlatesTrainOptions } from "../train-options.ts";

/** Names of {@link PlatesTrainOptions}. */
export const platesTrainOptions: readonly (keyof PlatesTrainOptions)[] = ["part", "glyphs", "drawn", "samples", "crop"];

/** The data of a training on drawn plates alone. */
export const DRAWN = "drawn plates";

/** Share of the samples that are drawn, where real ones are there too. */
const DRAWN_SHARE = { read: 0.9, locate: 0.7 } as const;

/**
 * A training for plates, completed by what holds where nothing is said.
 *
 * @throws {OptionError} naming an option that the part or the data does not have
 */
export function startPlates({ start, validation, given, options }: TrainingChoice<PlatesTrainOptions>): FreshTraining {
  const part = oneOf("part", options.part ?? "read", plateParts);
  const preset = platePresets[part];
  const isDrawn = start.data === DRAWN;
  if (part === "locate" && start.from?.toLowerCase().endsWith(".onnx") === true)
    throw new OptionError(
      "from",
      `cannot be ${start.from}: a graph is of one size, and the locator is trained on parts of scenes; give the checkpoint (.safetensors)`,
    );
  if (part === "locate" && isDrawn)
    throw new OptionError("data", "is missing: the locator needs a folder of scenes, into which plates are drawn");
  if (options.crop !== undefined && part === "read") throw new OptionError("crop", 'applies only to part "locate"');
  if (isDrawn && options.drawn !== undefined && options.drawn < 1)
    throw new OptionError("drawn", `must be 1 without data, since all plates are drawn then, got ${options.drawn}`);
  const settings: PlateSettings = {
    name: "plates",
    part,
    drawnShare: options.drawn ?? (isDrawn ? 1 : DRAWN_SHARE[part]),
    samples: options.samples ?? preset.samples,
    ...(options.glyphs === undefined ? {} : { glyphs: options.glyphs }),
    ...(part === "locate" ? { crop: options.crop ?? 256 } : {}),
  };
  const isFresh = start.from === undefined && start.weights === undefined;
  return {
    ...start,
    ...(isFresh ? presetNetwork(preset, start) : {}),
    ...(validation === undefined ? {} : { validation }),
    augmentation: noAugmentation,
    recipe: presetRecipe(preset, given, isFresh ? "fresh" : "tuned"),
    task: { ...settings },
  };
}
