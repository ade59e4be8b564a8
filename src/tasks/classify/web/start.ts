import type { Dataset, ImageFormat, ImageSet } from "../../../data/image-set.ts";
import { imageSize } from "../../../data/image-set.ts";
import { type LabelledImages, toDataset, unnamedImages } from "../../../data/labelled-images.ts";
import { decodePageImage } from "../../../data/web/page-image.ts";
import { createModel } from "../../../nn/models.ts";
import { OptionError } from "../../../tensor/errors.ts";
import type { WebTrainingJob } from "../../../train/web/protocol.ts";
import type { NamedNetwork } from "../../preset.ts";
import type { LabelledFiles, WebTrainingChoice } from "../../web/web-task.ts";
import { completeChoice, startOnDataset } from "../start-in-memory.ts";
import type { ClassifyTrainOptions } from "../train-options.ts";

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

/** A training to classify in a page, completed by what holds where nothing is said. */
export async function startClassification(choice: Choice): Promise<WebTrainingJob> {
  const completed = completeChoice(choice, choice.images.name ?? unnamedImages);
  return startOnDataset(choice, completed, await openImages(choice, completed));
}
