import { type RandomStream, randomStream } from "../../../tensor/random.ts";
import { areaOf, boxOf, type Corners, type Point } from "../geometry.ts";
import type { TargetPlate } from "../locator-targets.ts";
import { type Pixels } from "../straighten.ts";
import { drawFrame, photograph, projectPlate } from "./camera.ts";
import { toBytes } from "./degrade.ts";
import { drawDistractor } from "./distractor.ts";
import { type Canvas, createCanvas, drawFlatPlate } from "./flat.ts";
import type { GlyphSet } from "./glyphs.ts";
import { drawFace } from "./plate-image.ts";
import { drawPose } from "./pose.ts";
import { drawPlateText } from "./text.ts";

/** A picture into which plates are drawn. */
export interface Scene {
  /** The picture, and halved again and again. */
  readonly levels: readonly Pixels[];
  /** Its own plates. */
  readonly plates: readonly { readonly corners: Corners; readonly rows: 1 | 2 }[];
}

/** A part of a scene as the locator sees it, with the plates in it. */
export interface SceneImage {
  readonly image: Pixels;
  readonly plates: readonly TargetPlate[];
}

/** What scenes are made from. */
export interface SceneOptions {
  readonly glyphs: GlyphSet;
  readonly scenes: readonly Scene[];
  /** Rows and columns of a part. */
  readonly crop: number;
  /** Share of the parts whose own plates are covered by drawn ones; the others keep them. */
  readonly drawnShare: number;
}

/** Widths of plates in pixels. */
const LEAST_WIDTH = 22;
const MOST_WIDTH = 170;
/** Grey scenes: a locator must not learn that colour is a plate. */
const GREY_SHARE = 0.3;

const moved = (corners: Corners, move: (point: Point) => Point): Corners => corners.map(move) as unknown as Corners;

/** Takes a part of a scene, enlarged or shrunk, sometimes mirrored; beyond the edge, it continues. */
function takePart(
  scene: Scene,
  crop: number,
  random: RandomStream,
): { readonly canvas: Canvas; readonly own: Scene["plates"] } {
  const { levels, plates } = scene;
  const [whole] = levels;
  const isMirrored = random.uniform() < 0.5;
  const fits = Math.min(whole.width, whole.height) / crop;
  const step = Math.min(Math.max(fits, 0.5), 0.45 * Math.exp(Math.log(6) * random.uniform()));
  const span = crop * step;
  const [left, top] = anchor(scene, span, random);
  const canvas = createCanvas(crop, crop);
  const level = Math.min(levels.length - 1, Math.max(0, Math.round(Math.log2(step))));
  const image = levels[level];
  const { data } = image;
  const [stepX, stepY] = [(step * image.width) / whole.width, (step * image.height) / whole.height];
  const [startX, startY] = [(left * image.width) / whole.width - 0.5, (top * image.height) / whole.height - 0.5];
  for (let y = 0, at = 0; y < crop; y++)
    for (let x = 0; x < crop; x++, at += 3) {
      const column = isMirrored ? crop - 1 - x : x;
      const u = Math.min(image.width - 1.001, Math.max(0, startX + stepX * (column + 0.5)));
      const v = Math.min(image.height - 1.001, Math.max(0, startY + stepY * (y + 0.5)));
      const l = Math.trunc(u);
      const t = Math.trunc(v);
      const fx = u - l;
      const fy = v - t;
      const from = 3 * (t * image.width + l);
      const down = 3 * image.width;
      for (let c = 0; c < 3; c++) {
        const upper = data[from + c] + fx * (data[from + c + 3] - data[from + c]);
        const lower = data[from + c + down] + fx * (data[from + c + down + 3] - data[from + c + down]);
        canvas.data[at + c] = upper + fy * (lower - upper);
      }
    }
  const place = ([x, y]: Point): Point => {
    const u = (x - left) / step;
    return [isMirrored ? crop - u : u, (y - top) / step];
  };
  const own = plates.map(({ corners, rows }) => {
    const [a, b, c, d] = moved(corners, place);
    return { corners: isMirrored ? ([b, a, d, c] as const) : ([a, b, c, d] as const), rows };
  });
  return { canvas, own };
}

/** The upper left of a part: often one with a plate in it. */
function anchor({ levels: [image], plates }: Scene, span: number, random: RandomStream): Point {
  const within = (extent: number, wanted: number): number => Math.min(Math.max(wanted, 0), Math.max(0, extent - span));
  if (plates.length > 0 && random.uniform() < 0.6) {
    const [left, top, right, bottom] = boxOf(plates[random.integer(plates.length)].corners);
    return [
      within(image.width, (left + right) / 2 - span * (0.15 + 0.7 * random.uniform())),
      within(image.height, (top + bottom) / 2 - span * (0.15 + 0.7 * random.uniform())),
    ];
  }
  return [
    within(image.width, random.uniform() * (image.width - span)),
    within(image.height, random.uniform() * (image.height - span)),
  ];
}

/** Draws a new plate on a canvas. */
function addPlate(
  canvas: Canvas,
  corners: Corners | null,
  { glyphs }: SceneOptions,
  random: RandomStream,
): TargetPlate {
  const plate = drawPlateText(random);
  const flat = drawFlatPlate(plate, glyphs, drawFace({ glyphs }, random), random);
  const place = corners ?? throwPlate(canvas, flat, random);
  projectPlate(canvas, flat, place, drawFrame(random));
  return { corners: place, rows: plate.rows };
}

/** Corners anywhere on a canvas, in any pose, more of them small. */
function throwPlate({ width, height }: Canvas, flat: Canvas, random: RandomStream): Corners {
  const wide = LEAST_WIDTH * Math.exp(Math.log(MOST_WIDTH / LEAST_WIDTH) * random.uniform() ** 1.2);
  const pose = drawPose(random, [flat.width, flat.height], wide);
  const [cx, cy] = [width * (0.05 + 0.9 * random.uniform()), height * (0.05 + 0.9 * random.uniform())];
  return moved(pose, ([x, y]) => [x + cx, y + cy]);
}

const touches = (a: Corners, b: Corners): boolean => {
  const [one, other] = [boxOf(a), boxOf(b)];
  return one[0] < other[2] + 4 && other[0] < one[2] + 4 && one[1] < other[3] + 4 && other[1] < one[3] + 4;
};

/** Corners with room around them, so that a plate drawn there hides the one below. */
function widen(corners: Corners, by: number): Corners {
  const [cx, cy] = [corners.reduce((sum, [x]) => sum + x, 0) / 4, corners.reduce((sum, [, y]) => sum + y, 0) / 4];
  return moved(corners, ([x, y]) => [cx + (x - cx) * (1 + by), cy + (y - cy) * (1 + 2 * by)]);
}

/** A part of a scene with plates: a function of (seed, epoch, index) alone. */
export function renderScene(
  options: SceneOptions,
  { seed, epoch, index }: { readonly seed: number; readonly epoch: number; readonly index: number },
): SceneImage {
  const random = randomStream(seed, "draw scene", epoch, index);
  const { crop, scenes, drawnShare, glyphs } = options;
  const { canvas, own } = takePart(scenes[random.integer(scenes.length)], crop, random);
  const taken: Corners[] = own.map(({ corners }) => corners);
  const isDrawn = random.uniform() < drawnShare;
  const plates: TargetPlate[] = [];
  for (const { corners, rows } of own) {
    const fate = random.uniform();
    if (!isDrawn) plates.push({ corners, rows });
    else if (fate < 0.75) plates.push(addPlate(canvas, widen(corners, 0.06), options, random));
    else projectPlate(canvas, drawDistractor(glyphs, random), widen(corners, 0.1), drawFrame(random));
  }
  const draw = (count: number, add: (corners: null) => Corners | null): void => {
    for (let made = 0; made < count; made++) add(null);
  };
  draw(random.uniform() < 0.4 ? 1 + random.integer(3) : 0, () => {
    const sign = drawDistractor(glyphs, random);
    const corners = throwPlate(canvas, sign, random);
    if (taken.some((other) => touches(corners, other))) return null;
    projectPlate(canvas, sign, corners, drawFrame(random));
    taken.push(corners);
    return corners;
  });
  draw(random.uniform() < 0.75 ? 1 + random.integer(3) : 0, () => {
    const flatPlace = throwPlate(canvas, { width: 220, height: 70, data: new Float32Array() }, random);
    if (taken.some((other) => touches(flatPlace, other))) return null;
    const added = addPlate(canvas, flatPlace, options, random);
    plates.push(added);
    taken.push(added.corners);
    return added.corners;
  });
  photograph(canvas, 90, random, GREY_SHARE);
  return { image: { width: crop, height: crop, data: toBytes(canvas) }, plates: plates.filter(isSeen(crop)) };
}

/** Plates large enough to be found, and with most of them inside. */
function isSeen(crop: number): (plate: TargetPlate) => boolean {
  return ({ corners }) => {
    const [left, top, right, bottom] = boxOf(corners);
    const inside = (Math.min(right, crop) - Math.max(left, 0)) * (Math.min(bottom, crop) - Math.max(top, 0));
    return areaOf(corners) > 60 && right > 0 && bottom > 0 && inside > 0.6 * (right - left) * (bottom - top);
  };
}
