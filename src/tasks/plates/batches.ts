import { type RandomStream, randomStream } from "../../tensor/random.ts";
import { type BatchPlan, type BatchWriter, createBatchOrder, type SampleShapes } from "../../data/batches.ts";
import type { Normalization } from "../../data/image-set.ts";
import { labelPlate, noPlateLabels, type PlateColour, provinces, SLOTS, UNLABELLED } from "./alphabet.ts";
import type { Corners, Point } from "./geometry.ts";
import { writePlanes } from "./planes.ts";
import { photograph } from "./render/camera.ts";
import { toBytes } from "./render/degrade.ts";
import { createCanvas } from "./render/flat.ts";
import type { GlyphSet } from "./render/glyphs.ts";
import { renderNoPlate, renderPlate } from "./render/plate-image.ts";
import { type Pixels, PLATE_HEIGHT, PLATE_WIDTH, straighten } from "./straighten.ts";

/** A real plate, cut out and labelled. */
export interface PlateCrop {
  readonly image: Pixels;
  readonly text: string;
  readonly colour?: PlateColour;
  /** How often the first character is learnt from it, 0 to 1: rarely where one province is nearly all of the data. */
  readonly learnsFirst: number;
}

/** What the reader's batches are made of. */
export interface PlateBatches {
  readonly glyphs: GlyphSet;
  /** Real plates, of which samples that are not drawn are taken. */
  readonly crops: readonly PlateCrop[];
  readonly drawnShare: number;
  readonly normalization: Normalization;
  readonly plan: BatchPlan;
}

/** Of what is drawn, the share that is no plate: the locator takes lettering for plates, and the reader is to tell. */
const NO_PLATE_SHARE = 0.2;

/**
 * How often a real plate's first character is learnt from, so that no province gets more of them from real plates than from drawn
 * ones: a reader would otherwise guess the one that nearly all real plates are of.
 *
 * @param texts of all real plates
 * @returns by the first character, 0 to 1
 */
export function balanceFirstCharacters(texts: readonly string[], drawnShare: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [first] of texts) counts.set(first, (counts.get(first) ?? 0) + 1);
  const drawn = (drawnShare * (1 - NO_PLATE_SHARE)) / provinces.length;
  return new Map(
    Array.from(counts, ([first, count]) => [first, Math.min(1, (drawn * texts.length) / (count * (1 - drawnShare)))]),
  );
}

/** Shapes of one sample of the reader. */
export const plateShapes: SampleShapes = { image: [3, PLATE_HEIGHT, PLATE_WIDTH], labels: [SLOTS] };

/** A real plate, moved a little and photographed anew. */
function varyCrop({ image }: PlateCrop, random: RandomStream): Pixels {
  const { width, height, data } = image;
  const near = (x: number, y: number): Point => [
    x * width + 0.04 * height * random.normal(),
    y * height + 0.04 * height * random.normal(),
  ];
  const corners: Corners = [near(0, 0), near(1, 0), near(1, 1), near(0, 1)];
  const canvas = createCanvas(width, height);
  canvas.data.set(data);
  photograph(canvas, width, random, 0.15);
  const taken = { width, height, data: toBytes(canvas) };
  return (
    straighten(taken, corners) ??
    straighten(image, [
      [0, 0],
      [width, 0],
      [width, height],
      [0, height],
    ])!
  );
}

/** Writes batches of plates: each a function of (seed, epoch, index). */
export function createPlateWriter({ glyphs, crops, drawnShare, normalization, plan }: PlateBatches): BatchWriter {
  const order = createBatchOrder(plan);
  const { seed } = plan;
  const size = 3 * PLATE_WIDTH * PLATE_HEIGHT;
  const take = (epoch: number, index: number): { readonly image: Pixels; readonly labels: readonly number[] } => {
    const random = randomStream(seed, "choose plate", epoch, index);
    if (crops.length === 0 || random.uniform() < drawnShare) {
      if (random.uniform() < NO_PLATE_SHARE)
        return { image: renderNoPlate({ glyphs }, { seed, epoch, index }), labels: noPlateLabels };
      const { image, text, colour } = renderPlate({ glyphs }, { seed, epoch, index });
      return { image, labels: labelPlate(text, colour) };
    }
    const crop = crops[random.integer(crops.length)];
    const [first, ...rest] = labelPlate(crop.text, crop.colour);
    const image = varyCrop(crop, random);
    return { image, labels: [random.uniform() < crop.learnsFirst ? first : UNLABELLED, ...rest] };
  };
  return (step, images, labels) => {
    const { epoch, indices } = order(step);
    indices.forEach((index, place) => {
      const sample = take(epoch, index);
      writePlanes(sample.image, normalization, images, place * size);
      sample.labels.forEach((label, slot) => (labels[place * SLOTS + slot] = BigInt(label)));
    });
  };
}
