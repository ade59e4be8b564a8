import { makeFolder, writeFileAtomically } from "../../files/node.ts";
import { basename, extname, join } from "node:path";
import { type Command, Option } from "commander";
import { readRaster } from "../../tasks/segment/node/read-raster.ts";
import { measureIntensity, type Raster } from "../../tasks/segment/data/raster.ts";
import { measureCells, measurementTable } from "../../tasks/segment/measure.ts";
import { encodeLabels, encodePicture, type LabelFormat } from "../../tasks/segment/node/encode.ts";
import { outlineCells, outlinesToGeoJson } from "../../tasks/segment/outlines.ts";
import { drawImage, paintOutlines } from "../../tasks/segment/overlay.ts";
import type { Views } from "../../tasks/segment/predict.ts";
import { predictorOf } from "../../tasks/segment/predictor.ts";
import { segmentCells, segmentClasses, type SegmentOptions } from "../../tasks/segment/segment.ts";
import { type SegmentationSettings, settingsOf } from "../../tasks/segment/settings.ts";
import type { TrainedNetwork } from "../../networks/open.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type ModelFileOptions, openModelFile, trustedKeyOption } from "../model-file.ts";
import { choiceOfNumbers, decimalNumber, onlyGiven, positiveNumber, sharedOptions, wholeNumber } from "../options.ts";
import { print, printJson, say } from "../output.ts";
import { createProgress } from "../progress.ts";

interface Options extends ModelFileOptions {
  readonly model: string;
  readonly out: string;
  readonly format: LabelFormat;
  readonly pixelSize?: number;
  readonly tta?: Views;
  readonly overlap: number;
  readonly persistence?: number;
  readonly foreground?: number;
  readonly minArea?: number;
  readonly json?: boolean;
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
interface Segmented {
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

function overlayFile({ raster, settings, base }: Segmented, labels: ArrayLike<number>): File {
  const make = (): Uint8Array => {
    const picture = drawImage(raster, measureIntensity(raster, settings.scaling));
    paintOutlines(picture, labels);
    return encodePicture(picture);
  };
  return [`${base}.overlay.png`, make];
}

function labelsFile({ raster, base }: Segmented, kind: string, format: LabelFormat, make: () => Int32Array): File {
  const { height, width } = raster;
  const extension = format === "png" ? "png" : "tif";
  return [`${base}.${kind}.${extension}`, () => encodeLabels({ height, width, labels: make() }, format)];
}

function writeCells(image: Segmented, labels: Int32Array, { format, pixelSize }: Options): Promise<readonly string[]> {
  const { raster, base } = image;
  return writeFiles([
    labelsFile(image, "cells", format, () => labels),
    overlayFile(image, labels),
    [`${base}.csv`, () => measurementTable(measureCells(labels, raster), pixelSize)],
    [`${base}.geojson`, () => `${JSON.stringify(outlinesToGeoJson(outlineCells(labels, raster), pixelSize))}\n`],
  ]);
}

function writeClasses(image: Segmented, classes: Uint8Array, { format }: Options): Promise<readonly string[]> {
  const { values = [] } = image.settings;
  return writeFiles([
    labelsFile(image, "classes", format, () => Int32Array.from(classes, (label) => values[label])),
    overlayFile(image, classes),
  ]);
}

async function segmentImage(
  network: TrainedNetwork,
  settings: SegmentationSettings,
  { path, base }: { readonly path: string; readonly base: string },
  options: Options,
): Promise<ImageResult> {
  const raster = await readRaster(path);
  const { width, height } = raster;
  const predictor = predictorOf(network, settings);
  const progress = createProgress();
  const { foreground, persistence, minArea: minimumArea } = options;
  const how: SegmentOptions = {
    overlap: options.overlap,
    views: options.tta ?? settings.views ?? 1,
    instances: { ...settings.instances, ...onlyGiven({ foreground, persistence, minimumArea }) },
    onProgress: (share) => progress.update(`${path}: ${Math.round(100 * share)} %`, share),
  };
  const input = { raster, scaling: settings.scaling, longestSide: settings.longestSide };
  const target = { raster, settings, base };
  try {
    if (settings.target === "instances") {
      const { labels, count } = await segmentCells(predictor, input, how);
      return { image: path, width, height, cells: count, files: await writeCells(target, labels, options) };
    }
    const classes = await segmentClasses(predictor, input, how);
    const shares = network.card.classes.map((name, label) => {
      const points = classes.reduce((sum, found) => sum + (found === label ? 1 : 0), 0);
      return [name, points / classes.length] as const;
    });
    return {
      image: path,
      width,
      height,
      classes: Object.fromEntries(shares),
      files: await writeClasses(target, classes, options),
    };
  } finally {
    progress.finish();
  }
}

async function segment(paths: readonly string[], options: Options): Promise<void> {
  const names = namesOf(paths);
  const network = await openModelFile(options.model, options);
  try {
    const settings = settingsOf(network.card, options.model);
    await makeFolder(options.out);
    const results: ImageResult[] = [];
    for (const [index, path] of paths.entries()) {
      const result = await segmentImage(network, settings, { path, base: join(options.out, names[index]) }, options);
      results.push(result);
      if (!options.json) print(describeResult(result));
    }
    if (options.json) printJson({ model: options.model, images: results });
    else say(`written to ${options.out}`);
  } finally {
    await network.session.release();
  }
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

/** `residua segment IMAGE…`: cells of microscopy images, by a trained network. */
export function registerSegment(program: Command): void {
  program
    .command("segment")
    .argument("<image...>", "image files: PNG or TIFF of 8 or 16 bits or floats, JPEG …")
    .requiredOption("--model <file>", "what residua train --task segment wrote")
    .addOption(sharedOptions.out("segmented"))
    .addOption(
      new Option("--format <name>", "of the picture of cell numbers, 16 bits; TIFF takes 32 beyond 65,535 cells")
        .choices(["png", "tiff"])
        .default("png"),
    )
    .addOption(
      new Option("--pixel-size <micrometres>", "side of a pixel: measurements are then in micrometres").argParser(
        positiveNumber,
      ),
    )
    .addOption(viewsOption())
    .addOption(
      new Option("--overlap <share>", "share of a tile that its neighbours overlap")
        .argParser(decimalNumber(0, 0.9))
        .default(0.25),
    )
    .addOption(
      new Option(
        "--foreground <p>",
        "least probability of a point to belong to a cell (default: the model's)",
      ).argParser(decimalNumber(0, 1)),
    )
    .addOption(
      new Option(
        "--persistence <d>",
        "how much deeper than the pass between them two cells must be: lower splits more (default: the model's)",
      ).argParser(decimalNumber(0, 1)),
    )
    .addOption(
      new Option("--min-area <pixels>", "smaller parts are no cell (default: the model's)").argParser(wholeNumber(0)),
    )
    .addOption(trustedKeyOption())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
For each image: NAME.cells.png (the number of its cell at each point, 0 is background), NAME.overlay.png, NAME.csv (area, perimeter,
centroid and mean intensity of each cell) and NAME.geojson (outlines). A network for classes of points gives NAME.classes.png and
NAME.overlay.png.

Examples:
  $ residua segment plate/*.tif --model runs/cells/model.onnx --out found
  $ residua segment slide.png --model runs/cells/model.onnx --tta 4 --pixel-size 0.5`,
    )
    .action(segment);
}
