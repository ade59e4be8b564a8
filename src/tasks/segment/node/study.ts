import { measureIntensity } from "../data/raster.ts";
import { drawErrors, judgeCellPoints, judgeClassPoints, pointErrors } from "../errors.ts";
import { encodePicture } from "./encode.ts";
import { type ComparedImage, type JudgeOptions, judgeSegmentation, type MaskedSample } from "../judge.ts";
import type { SegmentationNetwork } from "../network.ts";
import { drawImage, drawOverlay, type Picture } from "../overlay.ts";
import { rankOf } from "../rank.ts";
import type { SegmentationSettings } from "../settings.ts";
import type { Picture as ReportPicture } from "../../../report/figures.ts";
import type { Words } from "../../../report/words.ts";
import type { SegmentationStudy } from "../report.ts";

/** Largest side of a picture in pixels: twice what the page shows. */
const LARGEST = 436;
/** How finely the part with the most errors is looked for. */
const STEP = 32;

interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** The part of an image with the most errors, no larger than {@link LARGEST}. */
function findWindow(errors: Uint8Array, height: number, width: number): Window {
  const [rows, columns] = [Math.min(height, LARGEST), Math.min(width, LARGEST)];
  // Sums over all that lies above and to the left.
  const sums = new Uint32Array((height + 1) * (width + 1));
  const isError = (at: number): boolean => pointErrors[errors[at]] === "missed" || pointErrors[errors[at]] === "wrong";
  for (let row = 0; row < height; row++) {
    for (let column = 0, line = 0; column < width; column++) {
      if (isError(row * width + column)) line++;
      sums[(row + 1) * (width + 1) + column + 1] = sums[row * (width + 1) + column + 1] + line;
    }
  }
  const at = (row: number, column: number): number => sums[row * (width + 1) + column];
  let best = { top: 0, left: 0, count: -1 };
  const starts = (extent: number, part: number): readonly number[] =>
    Array.from({ length: Math.ceil((extent - part) / STEP) + 1 }, (_, index) => Math.min(index * STEP, extent - part));
  for (const top of starts(height, rows)) {
    for (const left of starts(width, columns)) {
      const count = at(top + rows, left + columns) - at(top, left + columns) - at(top + rows, left) + at(top, left);
      if (count > best.count) best = { top, left, count };
    }
  }
  return { top: best.top, left: best.left, height: rows, width: columns };
}

function cut({ width, pixels }: Picture, { top, left, height, width: columns }: Window): Picture {
  const out = new Uint8Array(3 * height * columns);
  for (let row = 0; row < height; row++) {
    const start = 3 * ((top + row) * width + left);
    out.set(pixels.subarray(start, start + 3 * columns), 3 * row * columns);
  }
  return { height, width: columns, pixels: out };
}

const countOf = (labels: ArrayLike<number>): number =>
  Array.from(new Set(Array.from(labels))).filter((label) => label > 0 && label < 65_535).length;

/** A name that fits below a picture; hashes are told by their ends. */
const shorten = (name: string): string => (name.length > 32 ? `${name.slice(0, 14)}…${name.slice(-14)}` : name);

/** An image's four pictures, no larger than they are shown. */
interface DrawnImage {
  /** Lower for images that are worse. */
  readonly rank: number;
  readonly pictures: readonly { readonly picture: Picture; readonly caption: Words }[];
}

function drawCompared(
  { name, raster, truth, found, score: own }: ComparedImage,
  { target, scaling }: SegmentationSettings,
): DrawnImage {
  const { height, width } = raster;
  const score = own === null ? "–" : own.toFixed(3);
  const errors = (target === "instances" ? judgeCellPoints : judgeClassPoints)({ truth, found });
  const window = findWindow(errors, height, width);
  const image = drawImage(raster, measureIntensity(raster, scaling));
  const isWhole = window.height === height && window.width === width;
  const size = `${width} × ${height}`;
  const isCells = target === "instances";
  const captions: readonly Words[] = [
    isWhole
      ? `${shorten(name)}, ${size}`
      : {
          en: `${shorten(name)}, from ${window.left}, ${window.top} of ${size}`,
          zh: `${shorten(name)}，${size} 中自 ${window.left}, ${window.top} 起`,
        },
    isCells
      ? { en: `truth: ${countOf(truth)} cells`, zh: `真值：${countOf(truth)} 个细胞` }
      : { en: "truth", zh: "真值" },
    isCells ? { en: `found: ${countOf(found)}`, zh: `检出：${countOf(found)}` } : { en: "found", zh: "预测" },
    isCells
      ? { en: `errors: AP ${score}`, zh: `错误：AP ${score}` }
      : { en: `errors: mean IoU ${score}`, zh: `错误：平均 IoU ${score}` },
  ];
  const pictures = [image, drawOverlay(image, truth), drawOverlay(image, found), drawErrors(image, errors)];
  return {
    rank: rankOf(own),
    pictures: pictures.map((picture, index) => ({ picture: cut(picture, window), caption: captions[index] })),
  };
}

/** How a network that segments is studied. */
export interface SegmentationStudyOptions extends Omit<JudgeOptions, "onImage"> {
  /** The data's name for the report. */
  readonly data: string;
  /** Images that are shown. */
  readonly worst: number;
  readonly onImage?: (done: number) => void;
}

/** Evaluates a network on images with masks and draws those on which it does worst; only these are kept in memory. */
export async function studySegmentation(
  network: SegmentationNetwork,
  samples: AsyncIterable<MaskedSample>,
  { data, worst, onImage = () => {}, ...options }: SegmentationStudyOptions,
): Promise<SegmentationStudy> {
  let kept: readonly DrawnImage[] = [];
  const { found } = await judgeSegmentation(network, samples, {
    ...options,
    onImage: (done, image) => {
      const better = kept.filter(({ rank }) => rank <= rankOf(image.score));
      if (better.length < worst)
        kept = [...better, drawCompared(image, network.settings), ...kept.slice(better.length)].slice(0, worst);
      onImage(done);
    },
  });
  const pictures = kept
    .flatMap((image) => image.pictures)
    .map(({ picture, caption }): ReportPicture => ({ png: encodePicture(picture), caption }));
  const { name, options: built } = network.card.model;
  return { label: built.shortcut === undefined ? name : `${name}, ${built.shortcut}`, data, found, pictures };
}
