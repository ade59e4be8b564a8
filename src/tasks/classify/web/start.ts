import { augmentationOf } from "../../../data/dataset.ts";
import type { Dataset, ImageFormat, ImageSet } from "../../../data/image-set.ts";
import { imageSize, selectImages } from "../../../data/image-set.ts";
import { type LabelledImages, toDataset, unnamedImages } from "../../../data/labelled-images.ts";
import { splitValidation, standardShare } from "../../../data/split.ts";
import { decodePageImage } from "../../../data/web/page-image.ts";
import type { NetworkCard } from "../../../networks/card.ts";
import { createModel } from "../../../nn/models.ts";
import { oneOf, OptionError } from "../../../tensor/errors.ts";
import { fitBatch } from "../../../train/fit-batch.ts";
import type { WebTrainingJob } from "../../../train/web/protocol.ts";
import type { LabelledFiles, WebTrainingChoice } from "../../web/web-task.ts";
import type { NamedNetwork } from "../../preset.ts";
import { completePreset, findClassifyPreset, type PresetTraining } from "../presets.ts";
import {
  classifyRecipe,
  type ClassifyTrainOptions,
  imagenetStatistics,
  standardModel,
  standardValidation,
} from "../train-options.ts";

/** Decodes files by class, one after another. @throws {FormatError} naming the file that is no image */
async function decodeFiles({ files, name }: LabelledFiles, format: ImageFormat): Promise<LabelledImages> {
  const classes = Object.keys(files);
  const listed = classes.flatMap((own, label) => files[own].map((file, index) => ({ own, label, file, index })));
  const size = imageSize(format);
  const images = new Uint8Array(listed.length * size);
  for (const [place, { own, file, index }] of listed.entries()) {
    const where = file instanceof File ? file.name : `${own} ${index + 1}`;
    images.set(await decodePageImage(file, where, format), place * size);
  }
  const named = name === undefined ? {} : { name };
  return { ...format, images, labels: listed.map(({ label }) => label), classes, ...named };
}

/** The images of a training. @throws {OptionError} naming what does not fit */
async function openImages(
  { images, imageSize: size }: Choice,
  { model, modelOptions }: NamedNetwork,
): Promise<Dataset<ImageSet>> {
  if ("images" in images) {
    if (size !== undefined && (size !== images.height || size !== images.width))
      throw new OptionError("imageSize", "applies only to files; images in memory are taken as they are");
    return toDataset(images);
  }
  const empty = Object.entries(images.files).find(([, files]) => files.length === 0);
  if (empty !== undefined) throw new OptionError("files", `has no images of "${empty[0]}"; every class needs some`);
  const [channels, height, width] = createModel(model, modelOptions).imageShape;
  return toDataset(await decodeFiles(images, { channels, height: size ?? height, width: size ?? width }));
}

type Choice = WebTrainingChoice<ClassifyTrainOptions>;

/** What is said, completed by the preset or by what holds where nothing is said; without a share to hold out, it depends on the set. */
function completeChoice(choice: Choice): PresetTraining {
  const { images, model, modelOptions, validation, given, options } = choice;
  const data = images.name ?? unnamedImages;
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

/** A training to classify in a page, completed by what holds where nothing is said. */
export async function startClassification(choice: Choice): Promise<WebTrainingJob> {
  const { given, note } = choice;
  const { normalization = "data" } = choice.options;
  oneOf("normalization", normalization, ["data", "imagenet"]);
  const { model: name, modelOptions, validation, recipe: whole, augmentation } = completeChoice(choice);
  const data = await openImages(choice, { model: name, modelOptions });
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
