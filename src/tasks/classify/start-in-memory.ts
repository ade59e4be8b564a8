import { augmentationOf } from "../../data/dataset.ts";
import { type Dataset, type ImageSet, selectImages } from "../../data/image-set.ts";
import { splitValidation, standardShare } from "../../data/split.ts";
import type { NetworkCard } from "../../networks/card.ts";
import { createModel } from "../../nn/models.ts";
import { oneOf, OptionError } from "../../tensor/errors.ts";
import { fitBatch } from "../../train/fit-batch.ts";
import type { MemoryJob } from "../../train/memory-job.ts";
import type { MemoryChoice } from "../memory-choice.ts";
import { completePreset, findClassifyPreset, type PresetTraining } from "./presets.ts";
import {
  classifyRecipe,
  type ClassifyTrainOptions,
  imagenetStatistics,
  standardModel,
  standardValidation,
} from "./train-options.ts";

type Choice = MemoryChoice<ClassifyTrainOptions>;

/**
 * What is said, completed by the preset or by what holds where nothing is said; without a share to hold out, it depends on the set.
 *
 * @param data the name of the data
 */
export function completeChoice(
  { model, modelOptions, validation, given, options }: Choice,
  data: string,
): PresetTraining {
  oneOf("normalization", options.normalization ?? "data", ["data", "imagenet"]);
  if (options.preset === undefined)
    return {
      model: model ?? standardModel,
      modelOptions,
      ...(validation === undefined ? {} : { validation }),
      augmentation: augmentationOf(data, options.augment),
      recipe: classifyRecipe("fresh", given),
    };
  const start = { ...(model === undefined ? {} : { model }), modelOptions };
  const said = { start, data, ...(validation === undefined ? {} : { validation }), given, options };
  return completePreset(findClassifyPreset(options.preset, data), said);
}

/** A completed training on a data set. */
export function startOnDataset(
  { given, note, options: { normalization = "data" } }: Choice,
  { model: name, modelOptions, validation, recipe: whole, augmentation }: PresetTraining,
  data: Dataset<ImageSet>,
): MemoryJob {
  const { channels, height, width } = data.train;
  const statistics = normalization === "data" ? data.normalization : imagenetStatistics;
  if (statistics.mean.length !== channels)
    throw new OptionError("normalization", `has ${statistics.mean.length} channel(s), the images have ${channels}`);
  const { options: complete } = createModel(name, { ...modelOptions, channels, classes: data.classes.length });
  const { count } = data.train;
  const split = splitValidation(count, validation ?? standardShare(count, standardValidation), whole.seed);
  const images = split.train.length;
  const recipe = given.has("batch") ? whole : fitBatch(whole, images, note);
  const network: NetworkCard = {
    model: { name, options: complete },
    imageShape: [channels, height, width],
    data: data.name,
    classes: data.classes,
    normalization: statistics,
  };
  return {
    network,
    recipe,
    train: selectImages(data.train, split.train),
    ...(split.validation.length === 0 ? {} : { validation: selectImages(data.train, split.validation) }),
    test: data.test,
    augmentation,
  };
}
