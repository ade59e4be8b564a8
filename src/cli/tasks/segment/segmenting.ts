import { makeFolder, writeFileAtomically } from "../../../files/node.ts";
import { basename, extname, join } from "node:path";
import { Option } from "commander";
import { readImage } from "../../../data/node/image.ts";
import type { ImageFile, Raster } from "../../../data/image/raster.ts";
import { measureIntensity } from "../../../tasks/segment/data/raster.ts";
import { measureCells, measurementTable } from "../../../tasks/segment/measure.ts";
import { encodeLabels, encodePicture, type LabelFormat } from "../../../tasks/segment/node/encode.ts";
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

/** What is said of one image. */
interface ImageResult {
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly cells?: number;
  /** Share of the points by class, where points were classified. */
  readonly classes?: Readonly<Record<string, number>>;
  readonly files: readonly string[];
}

/** Names beside each other in one folder: of two images of one name, the extension tells them apart. */
function namesOf(paths: readonly string[]): readonly string[] {
  const stems = paths.map((path) => basename(path, extname(path)));
  return paths.map((path, index) => {
    const isAlone = stems.filter((stem) => stem === stems[index]).length === 1;
    if (isAlone) return stems[index];
    const whole = basename(path);
    if (paths.filter((other) => basename(other) === whole).length > 1)
      throw new OptionError(
        "<image…>",
        `two images are called ${whole}, and their results would have one name; give them one by one`,
      );
    return whole;
  });
}

/** An image that was segmented. */
interface Written {
  readonly raster: Raster;
  readonly settings: SegmentationSettings;
  /** Of its results' names. */
  readonly base: string;
}

/** What a file is to hold, made when its turn comes: of a large image, not all of them are in memory at once. */
type File = readonly [path: string, make: () => string | Uint8Array];

async function writeFiles(files: readonly File[]): Promise<readonly string[]> {
  for (const [path, make] of files) await writeFileAtomically(path, make());
  return files.map(([path]) => path);
}

function overlayFile({ raster, settings, base }: Written, labels: ArrayLike<number>): File {
  const make = (): Uint8Array => {
    const picture = drawImage(raster, measureIntensity(raster, settings.scaling));
    paintOutlines(picture, labels);
    return encodePicture(picture);
  };
  return [`${base}.overlay.png`, make];
}

function labelsFile({ raster, base }: Written, kind: string, format: LabelFormat, make: () => Int32Array): File {
  const { height, width } = raster;
  const extension = format === "png" ? "png" : "tif";
  return [`${base}.${kind}.${extension}`, () => encodeLabels({ height, width, labels: make() }, format)];
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

/** Segments images and writes what is found beside each other into one folder. */
export async function segmentFiles(network: TrainedNetwork, request: PredictionRequest): Promise<void> {
  const { model, paths, json } = request;
  const options = request.options as unknown as SegmentFlags;
  const names = namesOf(paths);
  const loaded = loadTask(network, model, "segment");
  await makeFolder(options.out);
  const results: ImageResult[] = [];
  for (const [index, path] of paths.entries()) {
    const result = await segmentFile(loaded, { path, base: join(options.out, names[index]) }, options);
    results.push(result);
    if (!json) print(describeResult(result));
  }
  if (json) printJson({ model, images: results });
  else say(`written to ${options.out}`);
}

function describeResult({ image, cells, classes = {} }: ImageResult): string {
  if (cells !== undefined) return `${image}: ${cells} ${cells === 1 ? "cell" : "cells"}`;
  const shares = Object.entries(classes).map(([name, share]) => `${name} ${(100 * share).toFixed(1)} %`);
  return `${image}: ${shares.join(", ")}`;
}

/** How many views of each tile are averaged. */
export function viewsOption(): Option {
  return new Option(
    "--tta <views>",
    "views of each tile that are averaged, mirrored and turned: 1, 2, 4 or 8 times slower (default: as the network was trained to be used)",
  ).argParser(choiceOfNumbers([1, 2, 4, 8]));
}

/** How images are segmented, and what is written. */
export function segmentOptions(): readonly Option[] {
  return [
    sharedOptions.out("segmented"),
    new Option("--format <name>", "of the picture of cell numbers, 16 bits; TIFF takes 32 beyond 65,535 cells")
      .choices(["png", "tiff"])
      .default("png"),
    new Option(
      "--pixel-size <micrometres>",
      "side of a pixel: measurements are then in micrometres (default: what a TIFF says)",
    ).argParser(positiveNumber),
    ...imageOptions(),
    viewsOption(),
    new Option("--overlap <share>", "share of a tile that its neighbours overlap")
      .argParser(decimalNumber(0, 0.9))
      .default(0.25),
    new Option("--foreground <p>", "least probability of a point to belong to a cell (default: the model's)").argParser(
      decimalNumber(0, 1),
    ),
    new Option(
      "--persistence <d>",
      "how much deeper than the pass between them two cells must be: lower splits more (default: the model's)",
    ).argParser(decimalNumber(0, 1)),
    new Option("--min-area <pixels>", "smaller parts are no cell (default: the model's)").argParser(wholeNumber(0)),
  ];
}
