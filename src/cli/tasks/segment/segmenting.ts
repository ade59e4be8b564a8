import { join } from "node:path";
import { Option } from "commander";
import type { ImageFile } from "../../../data/image/raster.ts";
import type { MeasuredImage } from "../../../tasks/segment/measurement-table.ts";
import type { LabelFormat } from "../../../tasks/segment/node/encode.ts";
import { type ImageSummary, summarizeImage } from "../../../tasks/segment/summary.ts";
import type { Views } from "../../../tasks/segment/tiles.ts";
import { type LoadedNetwork, loadTask } from "../../../tasks/loaded-network.ts";
import type { TrainedNetwork } from "../../../networks/open.ts";
import {
  choiceOfNumbers,
  decimalNumber,
  onlyGiven,
  positiveNumber,
  sharedOptions,
  wholeNumber,
} from "../../options.ts";
import { imageChoice, imageOptions, sayNote } from "../../image-options.ts";
import { printJson, say } from "../../output.ts";
import { holdFolder } from "../../output-lock.ts";
import { doEach, findImages, namesOf, reportFailures } from "../../input-images.ts";
import { requireApart } from "../../output-file.ts";
import { createProgress } from "../../progress.ts";
import type { PredictionRequest } from "../../task-flags.ts";
import { type Batch, type ClassShares, printBatch, tableStems, writeTables } from "./batch-tables.ts";
import { resultPaths, writeCells, writeClasses } from "./result-files.ts";

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

/** The result for one image: its cells, or the shares of its classes. */
interface ImageResult {
  readonly files: readonly string[];
  readonly measured?: MeasuredImage;
  readonly summary?: ImageSummary;
  readonly shares?: ClassShares;
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
  onProgress: (share: number) => void,
): Promise<ImageResult> {
  const { readImage } = await import("../../../data/node/image.ts");
  const raster = await readImage(path, { ...imageChoice(options), onNote: sayNote });
  const { foreground, persistence, minArea: minimumArea, tta: views, format } = options;
  const image = { path, raster, settings: network.settings, base, format };
  const found = await network.predict(raster, {
    overlap: options.overlap,
    ...onlyGiven({ views }),
    instances: onlyGiven({ foreground, persistence, minimumArea }),
    onProgress,
  });
  const { width, height } = found;
  if (found.target === "classes") {
    const files = await writeClasses(image, found.labels);
    return { files, shares: { image: path, width, height, classes: found.shares } };
  }
  const pixelSize = options.pixelSize ?? findPixelSize(raster, path);
  const { files, measured } = await writeCells({ ...image, ...onlyGiven({ pixelSize }) }, found);
  return { files, measured, summary: summarizeImage(measured, found) };
}

function batchOf(results: readonly ImageResult[]): Batch {
  return {
    measured: results.flatMap(({ measured }) => measured ?? []),
    summaries: results.flatMap(({ summary }) => summary ?? []),
    shares: results.flatMap(({ shares }) => shares ?? []),
  };
}

/** Segments images and writes all results into one folder. */
export async function segmentFiles(network: TrainedNetwork, request: PredictionRequest): Promise<void> {
  const { model, ready, json } = request;
  const paths = await findImages(request.paths);
  const options = request.options as unknown as SegmentFlags;
  const names = namesOf(paths, tableStems);
  const loaded = loadTask(network, model, "segment");
  const bases = names.map((name) => join(options.out, name));
  const outputs = bases.flatMap((base) => resultPaths(base, loaded.settings.target, options.format));
  await requireApart(outputs, "--out", paths);
  await holdFolder(options.out);
  const progress = createProgress();
  const { results, failures } = await doEach(paths, (path, index) => {
    const place = paths.length > 1 ? `${index + 1}/${paths.length} ` : "";
    return segmentFile(loaded, { path, base: bases[index] }, options, (share) =>
      progress.update(`${place}${path}: ${Math.round(100 * share)} %`, (index + share) / paths.length),
    );
  }).finally(() => progress.finish());
  const batch = batchOf(results);
  const tables = await writeTables(options.out, batch);
  reportFailures(failures, paths.length);
  if (!json) {
    printBatch(batch);
    return say({ en: `written to ${options.out}`, zh: `已写入 ${options.out}` });
  }
  const images = results.map(({ summary, shares, files }) => ({ ...summary, ...shares, files }));
  printJson({ model, ...onlyGiven({ ready }), images, tables, ...(failures.length === 0 ? {} : { failures }) });
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
      "side of a pixel; adds measurements in micrometres (default: what a TIFF says)",
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
