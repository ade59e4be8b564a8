import { writeFileAtomically } from "../../../files/node.ts";
import { basename, extname, join } from "node:path";
import { Option } from "commander";
import type { ImageFile, Raster } from "../../../data/image/raster.ts";
import { measureIntensity } from "../../../tasks/segment/data/raster.ts";
import { measureCells, measurementTable } from "../../../tasks/segment/measure.ts";
import type { LabelFormat } from "../../../tasks/segment/node/encode.ts";
import { outlinesToGeoJson } from "../../../tasks/segment/outlines.ts";
import { drawImage, paintOutlines } from "../../../tasks/segment/overlay.ts";
import type { Views } from "../../../tasks/segment/tiles.ts";
import type { SegmentationSettings } from "../../../tasks/segment/settings.ts";
import { type LoadedNetwork, loadTask } from "../../../tasks/loaded-network.ts";
import type { SegmentedCells } from "../../../tasks/segment/predict.ts";
import type { TrainedNetwork } from "../../../networks/open.ts";
import { OptionError } from "../../../tensor/errors.ts";
import {
  choiceOfNumbers,
  decimalNumber,
  onlyGiven,
  positiveNumber,
  sharedOptions,
  wholeNumber,
} from "../../options.ts";
import { imageChoice, imageOptions, sayNote } from "../../image-options.ts";
import { print, printJson, say } from "../../output.ts";
import { holdFolder } from "../../output-lock.ts";
import { doEach, findImages, reportFailures } from "../../input-images.ts";
import { createProgress } from "../../progress.ts";
import type { PredictionRequest } from "../../task-flags.ts";

/** The options of {@link segmentOptions}. */
interface SegmentFlags {
  readonly out: string;
  readonly format: LabelFormat;
  readonly pixelSize?: number;
  readonly page?: number;
  readonly channel?: number;
  readonly tta?: Views;
  readonly overlap: number;
  readonly persistence?: number;
  readonly foreground?: number;
  readonly minArea?: number;
}

/** The result for one image. */
interface ImageResult {
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly cells?: number;
  /** Share of the pixels per class, if pixels were classified. */
  readonly classes?: Readonly<Record<string, number>>;
  readonly files: readonly string[];
}

/** Output names, unique in one folder: two images of equal name are told apart by their extension. */
function namesOf(paths: readonly string[]): readonly string[] {
  const stems = paths.map((path) => basename(path, extname(path)));
  return paths.map((path, index) => {
    const isAlone = stems.filter((stem) => stem === stems[index]).length === 1;
    if (isAlone) return stems[index];
    const whole = basename(path);
    if (paths.filter((other) => basename(other) === whole).length > 1)
      throw new OptionError(
        "<image…>",
        `two images are called ${whole}, so their results would have the same name; give them one by one`,
      );
    return whole;
  });
}

/** A segmented image. */
interface Written {
  readonly raster: Raster;
  readonly settings: SegmentationSettings;
  /** Stem of its results' names. */
  readonly base: string;
}

/** A file's content, created when it is written: for a large image, not all of them fit into memory at once. */
type Content = string | Uint8Array;
type File = readonly [path: string, make: () => Content | Promise<Content>];

/** Only what is written has to be encoded. */
const loadEncoders = () => import("../../../tasks/segment/node/encode.ts");

async function writeFiles(files: readonly File[]): Promise<readonly string[]> {
  for (const [path, make] of files) await writeFileAtomically(path, await make());
  return files.map(([path]) => path);
}

function overlayFile({ raster, settings, base }: Written, labels: ArrayLike<number>): File {
  const make = async (): Promise<Uint8Array> => {
    const { encodePicture } = await loadEncoders();
    const picture = drawImage(raster, measureIntensity(raster, settings.scaling));
    paintOutlines(picture, labels);
    return encodePicture(picture);
  };
  return [`${base}.overlay.png`, make];
}

function labelsFile({ raster, base }: Written, kind: string, format: LabelFormat, make: () => Int32Array): File {
  const { height, width } = raster;
  const extension = format === "png" ? "png" : "tif";
  const encode = async (): Promise<Uint8Array> =>
    (await loadEncoders()).encodeLabels({ height, width, labels: make() }, format);
  return [`${base}.${kind}.${extension}`, encode];
}

function writeCells(
  image: Written,
  { labels, outlines }: SegmentedCells,
  { format, pixelSize }: SegmentFlags,
): Promise<readonly string[]> {
  const { raster, base } = image;
  return writeFiles([
    labelsFile(image, "cells", format, () => labels),
    overlayFile(image, labels),
    [`${base}.csv`, () => measurementTable(measureCells(labels, raster), pixelSize)],
    [`${base}.geojson`, () => `${JSON.stringify(outlinesToGeoJson(outlines(), pixelSize))}\n`],
  ]);
}

function writeClasses(image: Written, classes: Uint8Array, { format }: SegmentFlags): Promise<readonly string[]> {
  const { values = [] } = image.settings;
  return writeFiles([
    labelsFile(image, "classes", format, () => Int32Array.from(classes, (label) => values[label])),
    overlayFile(image, classes),
  ]);
}

/** Sides of a pixel differ by no more than this where they count as one. */
const SQUARE = 0.01;

/** The side of a pixel as the file says it, in micrometres, which is said; none if it is no square. */
function findPixelSize({ pixelSize }: ImageFile, path: string): number | undefined {
  if (pixelSize === undefined) return undefined;
  const { x, y } = pixelSize;
  const shown = (side: number): number => Number(side.toPrecision(6));
  if (Math.abs(x - y) > SQUARE * Math.max(x, y)) {
    sayNote(`${path}: its pixels are ${shown(x)} × ${shown(y)} µm, no squares; measured in pixels`);
    return undefined;
  }
  sayNote(
    `${path}: measured in micrometres, its pixels are ${shown(x)} µm as the file says; \`pixelSize\` overrides it`,
  );
  return x;
}

async function segmentFile(
  network: LoadedNetwork<"segment">,
  { path, base }: { readonly path: string; readonly base: string },
  options: SegmentFlags,
): Promise<ImageResult> {
  const { readImage } = await import("../../../data/node/image.ts");
  const raster = await readImage(path, { ...imageChoice(options), onNote: sayNote });
  const progress = createProgress();
  const { foreground, persistence, minArea: minimumArea, tta: views } = options;
  const target = { raster, settings: network.settings, base };
  try {
    const found = await network.predict(raster, {
      overlap: options.overlap,
      ...onlyGiven({ views }),
      instances: onlyGiven({ foreground, persistence, minimumArea }),
      onProgress: (share) => progress.update(`${path}: ${Math.round(100 * share)} %`, share),
    });
    const { width, height } = found;
    if (found.target === "instances") {
      const pixelSize = options.pixelSize ?? findPixelSize(raster, path);
      const files = await writeCells(target, found, { ...options, ...onlyGiven({ pixelSize }) });
      return { image: path, width, height, cells: found.count, files };
    }
    const files = await writeClasses(target, found.labels, options);
    return { image: path, width, height, classes: found.shares, files };
  } finally {
    progress.finish();
  }
}

/** Segments images and writes all results into one folder. */
export async function segmentFiles(network: TrainedNetwork, request: PredictionRequest): Promise<void> {
  const { model, json } = request;
  const paths = await findImages(request.paths);
  const options = request.options as unknown as SegmentFlags;
  const names = namesOf(paths);
  const loaded = loadTask(network, model, "segment");
  await holdFolder(options.out);
  const { results, failures } = await doEach(paths, async (path, index) => {
    const result = await segmentFile(loaded, { path, base: join(options.out, names[index]) }, options);
    if (!json) print(describeResult(result));
    return result;
  });
  reportFailures(failures, paths.length);
  if (json) printJson({ model, images: results, ...(failures.length === 0 ? {} : { failures }) });
  else say(`written to ${options.out}`);
}

function describeResult({ image, cells, classes = {} }: ImageResult): string {
  if (cells !== undefined) return `${image}: ${cells} ${cells === 1 ? "cell" : "cells"}`;
  const shares = Object.entries(classes).map(([name, share]) => `${name} ${(100 * share).toFixed(1)} %`);
  return `${image}: ${shares.join(", ")}`;
}

/** Number of views averaged per tile. */
export function viewsOption(): Option {
  return new Option(
    "--tta <views>",
    "average this many mirrored and rotated views per tile: 1, 2, 4 or 8 times slower (default: the model's)",
  ).argParser(choiceOfNumbers([1, 2, 4, 8]));
}

/** Options for how to segment images, and what to write. */
export function segmentOptions(): readonly Option[] {
  return [
    sharedOptions.out("segmented"),
    new Option("--format <name>", "format of the label image, 16 bits; TIFF uses 32 bits above 65,535 cells")
      .choices(["png", "tiff"])
      .default("png"),
    new Option(
      "--pixel-size <micrometres>",
      "side of a pixel; gives measurements in micrometres (default: what a TIFF says)",
    ).argParser(positiveNumber),
    ...imageOptions(),
    viewsOption(),
    new Option("--overlap <share>", "share of a tile that overlaps its neighbours")
      .argParser(decimalNumber(0, 0.9))
      .default(0.25),
    new Option(
      "--foreground <p>",
      "least probability for a pixel to belong to a cell (default: the model's)",
    ).argParser(decimalNumber(0, 1)),
    new Option(
      "--persistence <d>",
      "how much deeper two cells must be than the pass between them; lower values split more (default: the model's)",
    ).argParser(decimalNumber(0, 1)),
    new Option("--min-area <pixels>", "discard smaller regions (default: the model's)").argParser(wholeNumber(0)),
  ];
}
