import type { SampleSource } from "../../../data/sample-source.ts";
import { builtFile } from "../../../files/node.ts";
import { OptionError } from "../../../tensor/errors.ts";
import { imagesPerStep, type Recipe } from "../../../train/recipe.ts";
import {
  balanceFirstCharacters,
  createPlateWriter,
  type PlateBatches,
  type PlateCrop,
  plateShapes,
} from "../batches.ts";
import { boxOf, type Corners, type Point } from "../geometry.ts";
import type { GlyphSet } from "../render/glyphs.ts";
import type { Scene } from "../render/scene.ts";
import { plateNormalization } from "../planes.ts";
import { resizePixels } from "../resize.ts";
import { createSceneWriter, type SceneBatches, sceneShapes } from "../scene-batches.ts";
import type { PlateSettings } from "../settings.ts";
import { type Pixels, straighten } from "../straighten.ts";
import { cornersIn, moveCorners, type PlateFile, readPixels } from "./folder.ts";

/** What a source of batches is made from. */
export interface SourceParts {
  readonly settings: PlateSettings;
  readonly recipe: Recipe;
  readonly glyphs: GlyphSet;
  readonly files: readonly PlateFile[];
}

const planOf = ({ settings, recipe }: SourceParts) => ({
  batch: imagesPerStep(recipe),
  seed: recipe.seed,
  shuffle: false,
  indices: Uint32Array.from({ length: settings.samples }, (_, index) => index),
});

/** Cuts the labelled plates out of pictures; those in perspective are straightened at about their size. */
async function cutPlates(files: readonly PlateFile[], drawnShare: number): Promise<readonly PlateCrop[]> {
  const texts = files.flatMap(({ plates }) => plates.flatMap(({ text }) => text ?? []));
  const learnsFirst = balanceFirstCharacters(texts, drawnShare);
  const crops: PlateCrop[] = [];
  for (const { path, plates } of files) {
    const image = await readPixels(path);
    for (const plate of plates) {
      if (plate.text === undefined) continue;
      const cut = cutPlate(image, cornersIn(plate, image));
      if (cut === null) continue;
      const colour = plate.colour === undefined ? {} : { colour: plate.colour };
      crops.push({ image: cut, text: plate.text, learnsFirst: learnsFirst.get(plate.text[0])!, ...colour });
    }
  }
  return crops;
}

function cutPlate(image: Pixels, corners: Parameters<typeof straighten>[1]): Pixels | null {
  const [left, top, right, bottom] = boxOf(corners);
  const [width, height] = [Math.ceil(right - left), Math.ceil(bottom - top)];
  if (width < 8 || height < 4) return null;
  return straighten(image, moveCorners(corners, 0, 0), Math.min(width, 288), Math.min(height, 96));
}

/** Batches of straightened plates. */
export async function readerSource(parts: SourceParts): Promise<SampleSource<PlateBatches>> {
  const batches: PlateBatches = {
    glyphs: parts.glyphs,
    crops: await cutPlates(parts.files, parts.settings.drawnShare),
    drawnShare: parts.settings.drawnShare,
    normalization: plateNormalization,
    plan: planOf(parts),
  };
  return {
    shapes: plateShapes,
    plan: batches.plan,
    normalization: plateNormalization,
    writer: builtFile(import.meta.url, "./plate-writer.js").href,
    data: batches,
    createWriter: () => createPlateWriter(batches),
  };
}

/** Rows or columns of a scene at most: larger ones are shrunk. */
const LARGEST_SCENE = 1280;

const halved = (image: Pixels): Pixels => resizePixels(image, Math.ceil(image.width / 2), Math.ceil(image.height / 2));

/** A copy in memory that threads share. */
function share({ width, height, data }: Pixels): Pixels {
  const shared = new Uint8Array(new SharedArrayBuffer(data.length));
  shared.set(data);
  return { width, height, data: shared };
}

/** Reads scenes into memory that threads share. */
async function readScenes(files: readonly PlateFile[]): Promise<readonly Scene[]> {
  const scenes: Scene[] = [];
  for (const { path, plates, isCrop } of files) {
    if (isCrop) continue;
    const read = await readPixels(path);
    const scale = Math.min(1, LARGEST_SCENE / Math.max(read.width, read.height));
    const image =
      scale === 1 ? read : resizePixels(read, Math.round(read.width * scale), Math.round(read.height * scale));
    scenes.push({
      levels: [image, halved(image), halved(halved(image))].map(share),
      plates: plates.map((plate) => ({
        corners: cornersIn(plate, read).map(([x, y]): Point => [x * scale, y * scale]) as unknown as Corners,
        rows: plate.rows,
      })),
    });
  }
  if (scenes.length === 0) throw new OptionError("data", "has plates cut out alone; the locator needs whole pictures");
  return scenes;
}

/** Batches of parts of scenes. */
export async function locatorSource(parts: SourceParts): Promise<SampleSource<SceneBatches>> {
  const { settings, glyphs, files } = parts;
  const crop = settings.crop!;
  const batches: SceneBatches = {
    glyphs,
    scenes: await readScenes(files),
    crop,
    drawnShare: settings.drawnShare,
    normalization: plateNormalization,
    plan: planOf(parts),
  };
  return {
    shapes: sceneShapes(crop),
    plan: batches.plan,
    normalization: plateNormalization,
    writer: builtFile(import.meta.url, "./scene-writer.js").href,
    data: batches,
    createWriter: () => createSceneWriter(batches),
  };
}
