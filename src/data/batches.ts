import { requireVariation } from "./variation.ts";
import { OptionError } from "../tensor/errors.ts";
import { permutation, randomStream } from "../tensor/random.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";
import { type Augmentation, noAugmentation, normalizationTables, writeSample } from "./augmentation.ts";
import { type ImageFormat, type Images, type ImageSet, imageSize, type Normalization } from "./image-set.ts";

/** The images that training sees, in order. */
export interface BatchPlan {
  readonly batch: number;
  readonly seed: number;
  /** Indices of the images to draw from. */
  readonly indices: Uint32Array;
  readonly shuffle: boolean;
  /** The share of every batch that is prepared; all of it if left out. */
  readonly share?: BatchShare;
}

/** One of equal consecutive shares of a batch, counted from 0. */
export interface BatchShare {
  readonly index: number;
  readonly of: number;
}

/** Images that a plan prepares for one step. @throws {OptionError} if the batch cannot be shared out evenly */
export function preparedImages({ batch, share = { index: 0, of: 1 } }: BatchPlan): number {
  if (batch % share.of === 0) return batch / share.of;
  throw new OptionError("batch", `of ${batch} images cannot be divided into ${share.of} equal shares`);
}

/** Images with their labels, ready for a step. */
export interface Batch {
  /** `[batch, channels, height, width]` */
  readonly images: Tensor<"float32">;
  /** `[batch]`, or a label map per image */
  readonly labels: Tensor<"int64">;
}

/** @throws {OptionError} if the batch is not a whole number above 0 */
export function requireBatchSize(batch: number): void {
  if (!Number.isInteger(batch) || batch < 1)
    throw new OptionError("batch", `must be a whole number above 0, got ${batch}`);
}

/**
 * Full batches per epoch; an incomplete last batch is dropped.
 * @throws {OptionError} if there is not even one, or the batch is not a whole number above 0
 */
export function stepsPerEpoch({ batch, indices }: BatchPlan): number {
  requireBatchSize(batch);
  const steps = Math.floor(indices.length / batch);
  if (steps >= 1) return steps;
  throw new OptionError("batch", `must be at most ${indices.length}, the number of images to train on, got ${batch}`);
}

/** The images that a plan prepares for one step. */
export interface StepImages {
  readonly epoch: number;
  readonly indices: Uint32Array;
  /** Place of the first of them in the whole batch. */
  readonly first: number;
}

/** Looks up the images of a step. An epoch's order is drawn once and cached for its remaining steps. */
export function createBatchOrder(plan: BatchPlan): (step: number) => StepImages {
  const steps = stepsPerEpoch(plan);
  const count = preparedImages(plan);
  const first = (plan.share?.index ?? 0) * count;
  let known = { epoch: -1, order: plan.indices };
  return (step) => {
    const epoch = Math.floor(step / steps);
    if (epoch !== known.epoch) known = { epoch, order: orderOf(plan, epoch) };
    const start = (step - epoch * steps) * plan.batch + first;
    return { epoch, indices: known.order.subarray(start, start + count), first };
  };
}

function orderOf({ indices, shuffle, seed }: BatchPlan, epoch: number): Uint32Array {
  if (!shuffle) return indices;
  return permutation(randomStream(seed, "shuffle", epoch), indices.length).map((place) => indices[place]);
}

/** Turns images of a set into batches. */
export interface ImageBatches<I extends Images = Images> {
  readonly set: I;
  readonly normalization: Normalization;
  readonly augmentation: Augmentation;
  readonly plan: BatchPlan;
}

/** Writes the batch of one step, counted from the start of training, into given memory. */
export type BatchWriter = (step: number, images: Float32Array, labels: BigInt64Array) => void;

/**
 * Checks that batches can be formed.
 * @throws {OptionError} if the plan names images outside the set, batches exceed the images, or the augmentation does
 *   not apply to the image format
 */
export function requireBatches({ set, plan, augmentation }: ImageBatches): void {
  requireVariation(augmentation, set);
  const missing = plan.indices.find((index) => index >= set.count);
  if (missing !== undefined)
    throw new OptionError("indices", `name image ${missing} of ${set.count}; must be below ${set.count}`);
  stepsPerEpoch(plan);
}

/**
 * Prepares batches of in-memory images in the calling thread.
 * @throws {OptionError} if `requireBatches` does
 */
export function createBatchWriter(source: ImageBatches<ImageSet>): BatchWriter {
  requireBatches(source);
  const { set, normalization, augmentation, plan } = source;
  const tables = normalizationTables(normalization);
  const order = createBatchOrder(plan);
  const size = imageSize(set);
  return (step, images, labels) => {
    const { epoch, indices } = order(step);
    indices.forEach((index, place) => {
      writeSample(set, tables, augmentation, { seed: plan.seed, epoch, index }, images, place * size);
      labels[place] = BigInt(set.labels[index]);
    });
  };
}

/** Extents of one sample in a batch. */
export interface SampleShapes {
  readonly image: Shape;
  /** Empty if a sample has one label. */
  readonly labels: Shape;
}

/** The sample shape of a set with one label per image. */
export function labelledShapes({ channels, height, width }: ImageFormat): SampleShapes {
  return { image: [channels, height, width], labels: [] };
}

/** The batch of one step, in its own memory. */
export function makeBatch(
  shapes: SampleShapes,
  batch: number,
  write: (images: Float32Array, labels: BigInt64Array) => void,
): Batch {
  const images = new Float32Array(batch * sizeOf(shapes.image));
  const labels = new BigInt64Array(batch * sizeOf(shapes.labels));
  write(images, labels);
  return {
    images: tensor("float32", [batch, ...shapes.image], images),
    labels: tensor("int64", [batch, ...shapes.labels], labels),
  };
}

/**
 * Yields these images once, in order, without augmentation, to evaluate an in-memory set. The last batch may be
 * smaller.
 *
 * @param indices indices into the set; the whole set if left out
 * @throws {OptionError} if the batch is not a whole number above 0
 */
export function* evaluationBatches(
  set: ImageSet,
  normalization: Normalization,
  batch: number,
  indices?: Uint32Array,
): Generator<Batch> {
  requireBatchSize(batch);
  const tables = normalizationTables(normalization);
  const chosen = indices ?? Uint32Array.from({ length: set.count }, (_, index) => index);
  const size = imageSize(set);
  for (let start = 0; start < chosen.length; start += batch) {
    const part = chosen.subarray(start, start + batch);
    const images = new Float32Array(part.length * size);
    part.forEach((index, place) =>
      writeSample(set, tables, noAugmentation, { seed: 0, epoch: 0, index }, images, place * size),
    );
    yield {
      images: tensor("float32", [part.length, set.channels, set.height, set.width], images),
      labels: tensor(
        "int64",
        [part.length],
        BigInt64Array.from(part, (index) => BigInt(set.labels[index])),
      ),
    };
  }
}
