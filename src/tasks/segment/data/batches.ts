import { randomStream } from "../../../tensor/random.ts";
import { type BatchPlan, type BatchWriter, createBatchOrder, type SampleShapes } from "../../../data/batches.ts";
import type { Normalization } from "../../../data/image-set.ts";
import { scaledRange } from "./raster.ts";
import { IGNORED, maskOf, type SegmentationItem, type SegmentationSet, storedIntensity } from "./set.ts";
import { IGNORED_CLASS, writeInstanceTargets } from "./targets.ts";
import { drawVariation, type Places, placesOf, type SegmentationAugmentation, type Variation } from "./variation.ts";

/** What turns masked images into batches of crops. */
export interface CropBatches {
  readonly set: SegmentationSet;
  /** Rows and columns of a crop. */
  readonly crop: readonly [height: number, width: number];
  readonly normalization: Normalization;
  readonly augmentation: SegmentationAugmentation;
  /** Its indices may name an image several times: each time is another crop. */
  readonly plan: BatchPlan;
}

/** Shapes of one sample: of its image, and of its labels, which are classes, and distances where cells are told apart. */
export function cropShapes({ set, crop }: CropBatches): SampleShapes {
  return { image: [set.channels, ...crop], labels: set.meaning === "instances" ? [2, ...crop] : crop };
}

/** A coordinate beyond the edge, mirrored back inside. */
function mirrored(place: number, extent: number): number {
  if (place >= 0 && place < extent) return place;
  if (extent === 1) return 0;
  const period = 2 * (extent - 1);
  const within = ((place % period) + period) % period;
  return within < extent ? within : period - within;
}

/** Bilinear samples of one stored plane. */
function samplePlane(
  { pixels }: SegmentationSet,
  start: number,
  { height, width }: SegmentationItem,
  { rows, columns }: Places,
  out: Float32Array,
  offset: number,
): void {
  for (let at = 0; at < rows.length; at++) {
    const y = rows[at];
    const x = columns[at];
    const row = Math.floor(y);
    const column = Math.floor(x);
    const top = start + mirrored(row, height) * width;
    const bottom = start + mirrored(row + 1, height) * width;
    const left = mirrored(column, width);
    const right = mirrored(column + 1, width);
    const across = x - column;
    const above = pixels[top + left] * (1 - across) + pixels[top + right] * across;
    const below = pixels[bottom + left] * (1 - across) + pixels[bottom + right] * across;
    out[offset + at] = storedIntensity(above + (below - above) * (y - row));
  }
}

/** The nearest points of a mask: ids cannot be blended. */
function sampleMask(
  mask: Uint16Array,
  { height, width }: SegmentationItem,
  { rows, columns }: Places,
  out: Uint16Array,
): void {
  for (let at = 0; at < out.length; at++)
    out[at] = mask[mirrored(Math.round(rows[at]), height) * width + mirrored(Math.round(columns[at]), width)];
}

/** Changes a sample's own channels in place: colours, inversion, gamma, contrast, brightness, noise; then normalises. */
function varyIntensities(
  image: Float32Array,
  variation: Variation,
  { channels, normalization }: { readonly channels: number; readonly normalization: Normalization },
): void {
  const plane = image.length / channels;
  const { gamma, contrast, brightness, tint, noise } = variation;
  const isColoured = channels === 3;
  if (isColoured && variation.grey) {
    for (let at = 0; at < plane; at++) {
      const grey = (image[at] + image[plane + at] + image[2 * plane + at]) / 3;
      image[at] = image[plane + at] = image[2 * plane + at] = grey;
    }
  }
  const isBent = gamma !== 1 || variation.inverted;
  const table = intensityTable(variation);
  const stream = randomStream(variation.noiseSeed, "segmentation noise");
  for (let channel = 0; channel < channels; channel++) {
    const factor = isColoured ? contrast * tint[channel] : contrast;
    const [mean, deviation] = [normalization.mean[channel], normalization.deviation[channel]];
    for (let at = channel * plane; at < (channel + 1) * plane; at++) {
      const value = (isBent ? lookUp(table, image[at]) : image[at]) * factor + brightness;
      image[at] = ((noise > 0 ? value + noise * stream.normal() : value) - mean) / deviation;
    }
  }
}

const TABLE = 512;

/** Inversion and gamma of the stored range: powers are too slow to be taken point by point. */
function intensityTable({ gamma, inverted }: Variation): Float32Array {
  return Float32Array.from({ length: TABLE + 1 }, (_, index) => {
    const value = scaledRange.low + (index / TABLE) * (scaledRange.high - scaledRange.low);
    const turned = inverted ? 1 - value : value;
    return Math.sign(turned) * Math.abs(turned) ** gamma;
  });
}

function lookUp(table: Float32Array, value: number): number {
  const place = ((value - scaledRange.low) / (scaledRange.high - scaledRange.low)) * TABLE;
  return table[Math.max(0, Math.min(TABLE, Math.round(place)))];
}

/** Prepares batches of crops with their targets, in the calling thread. */
export function createCropWriter(source: CropBatches): BatchWriter {
  const { set, crop, plan, augmentation, normalization } = source;
  const [height, width] = crop;
  const points = height * width;
  const order = createBatchOrder(plan);
  const places: Places = { rows: new Float32Array(points), columns: new Float32Array(points) };
  const mask = new Uint16Array(points);
  const imageSize = set.channels * points;
  const maps = set.meaning === "instances" ? 2 : 1;
  return (step, images, labels) => {
    const { epoch, indices, first } = order(step);
    // Whole numbers below 2³¹ in the low halves of int64: every platform of ONNX Runtime stores these first.
    const words = new Int32Array(labels.buffer, labels.byteOffset, 2 * labels.length);
    words.fill(0);
    indices.forEach((index, place) => {
      const item = set.items[index];
      const variation = drawVariation(
        augmentation,
        { seed: plan.seed, epoch, index },
        {
          repeat: step * plan.batch + first + place,
          crop,
          image: [item.height, item.width],
        },
      );
      placesOf(variation, height, width, places);
      const image = images.subarray(place * imageSize, (place + 1) * imageSize);
      for (let channel = 0; channel < item.channels; channel++)
        samplePlane(set, item.pixelStart + channel * item.height * item.width, item, places, image, channel * points);
      varyIntensities(image.subarray(0, item.channels * points), variation, { channels: item.channels, normalization });
      // Grey is the same in every channel, its noise too.
      for (let channel = item.channels; channel < set.channels; channel++)
        image.copyWithin(channel * points, 0, points);
      sampleMask(maskOf(set, item), item, places, mask);
      const start = 2 * place * maps * points;
      if (set.meaning === "instances")
        writeInstanceTargets(
          mask,
          { height, width },
          words.subarray(start, start + 2 * points),
          words.subarray(start + 2 * points, start + 4 * points),
        );
      else for (let at = 0; at < points; at++) words[start + 2 * at] = mask[at] === IGNORED ? IGNORED_CLASS : mask[at];
    });
  };
}
