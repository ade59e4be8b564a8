import * as v from "valibot";
import { type LabelledImages, type LabelledPixels, toDataset } from "../data/labelled-images.ts";
import { wholeNumber } from "../files/schema.ts";
import { type CommonTrainOptions, fieldsOf } from "../front/train-options.ts";
import { completeChoice, startOnDataset } from "../tasks/classify/start-in-memory.ts";
import type { ClassifyTrainOptions } from "../tasks/classify/train-options.ts";
import type { MemoryChoice } from "../tasks/memory-choice.ts";
import type { MemoryJob } from "../train/memory-job.ts";
import type { TrainJob } from "./engine.ts";
import { imageLimits } from "./pictures/image-limits.ts";
import { batchFor, offered, trainChoiceSchema } from "./train-choice.ts";

/** The most seconds of work that a page which is left may lose, within an epoch. */
const CHECKPOINT_SECONDS = 10;

/** What a job says, as options of a training. */
export interface TrainJobOptions extends CommonTrainOptions, ClassifyTrainOptions {
  readonly checkpointSeconds: number;
}

/** A job's images. */
export function imagesOf({ images, labels, test, classes, name, choice: { size } }: TrainJob): LabelledImages {
  return { images, labels, test, classes, name, channels: 3, height: size, width: size };
}

/** A job's options, the same wherever it is computed. */
export function optionsOf({ choice: { depth, shortcut, epochs, rate, seed }, labels }: TrainJob): TrainJobOptions {
  return {
    model: `resnet${depth}`,
    shortcut,
    epochs,
    learningRate: rate,
    seed,
    batch: batchFor(labels.length),
    augment: true,
    validation: 0,
    checkpointSeconds: CHECKPOINT_SECONDS,
  };
}

/**
 * A job as a training on images in memory.
 *
 * @throws {OptionError} naming what of the images does not fit
 */
export function toMemoryJob(job: TrainJob, note: (text: string) => void): MemoryJob {
  const { name, resume } = job;
  const { model, shortcut, validation, augment, checkpointSeconds, ...recipe } = optionsOf(job);
  const own: MemoryChoice<ClassifyTrainOptions> = {
    model: model!,
    modelOptions: { shortcut: shortcut! },
    validation: validation!,
    given: fieldsOf(recipe),
    options: { augment: augment! },
    note,
  };
  const started = startOnDataset(own, completeChoice(own, name), toDataset(imagesOf(job)));
  return { ...started, checkpointSeconds, ...(resume === undefined ? {} : { resume }) };
}

const bytes = v.instance(Uint8Array);
const pixels = { images: bytes, labels: v.array(wholeNumber) };
const shortText = v.pipe(v.string(), v.maxLength(1000));

/** A job that comes from outside; that its images are as many as its labels is left to the training. */
export const trainJobSchema: v.GenericSchema<unknown, TrainJob> = v.strictObject({
  ...pixels,
  choice: trainChoiceSchema,
  name: shortText,
  classes: v.pipe(v.array(shortText), v.minLength(2), v.maxLength(imageLimits.classes)),
  test: v.strictObject(pixels) satisfies v.GenericSchema<unknown, LabelledPixels>,
  resume: v.exactOptional(bytes),
});

/** The most bytes of a job: as many images as a page reads, of the largest size, with their labels, names and a checkpoint. */
export const mostJobBytes: number = imageLimits.files * 3 * Math.max(...offered.size) ** 2 + 32 * 2 ** 20;
