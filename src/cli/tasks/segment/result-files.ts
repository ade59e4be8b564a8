import { writeFileAtomically } from "../../../files/node.ts";
import type { FileContent } from "../../../files/node.ts";
import type { Raster } from "../../../data/image/raster.ts";
import { paintNumbers } from "../../../tasks/segment/cell-numbers.ts";
import { measureIntensity } from "../../../tasks/segment/data/raster.ts";
import { outlinesToGeoJson } from "../../../tasks/segment/geojson.ts";
import { encodeRois, mostRois } from "../../../tasks/segment/imagej-rois.ts";
import { measureCells } from "../../../tasks/segment/measure.ts";
import { type MeasuredImage, measurementTable } from "../../../tasks/segment/measurement-table.ts";
import type { LabelFormat } from "../../../tasks/segment/node/encode.ts";
import { drawImage, paintOutlines } from "../../../tasks/segment/overlay.ts";
import type { SegmentedCells } from "../../../tasks/segment/predict.ts";
import type { SegmentationSettings } from "../../../tasks/segment/settings.ts";
import { onlyGiven } from "../../options.ts";
import { say } from "../../output.ts";

/** A segmented image, and how its results are written. */
export interface SegmentedImage {
  /** Its file. */
  readonly path: string;
  readonly raster: Raster;
  readonly settings: SegmentationSettings;
  /** Stem of its results' names. */
  readonly base: string;
  readonly format: LabelFormat;
  /** Side of a pixel in micrometres. */
  readonly pixelSize?: number;
}

/** The paths of all files that may be written about an image. */
export function resultPaths(
  base: string,
  target: SegmentationSettings["target"],
  format: LabelFormat,
): readonly string[] {
  const ofCells = [".csv", ".geojson", ".rois.zip"].map((ending) => base + ending);
  const pictures = [labelsPath(base, target === "classes" ? "classes" : "cells", format), overlayPath(base)];
  return target === "classes" ? pictures : [...pictures, ...ofCells];
}

const overlayPath = (base: string): string => `${base}.overlay.png`;
const labelsPath = (base: string, kind: "cells" | "classes", format: LabelFormat): string =>
  `${base}.${kind}.${format === "png" ? "png" : "tif"}`;

/** A file's content, created when it is written: for a large image, not all of them fit into memory at once. */
type File = readonly [path: string, make: () => FileContent | Promise<FileContent>];

/** Only what is written has to be encoded. */
const loadEncoders = () => import("../../../tasks/segment/node/encode.ts");

async function writeFiles(files: readonly File[]): Promise<readonly string[]> {
  for (const [path, make] of files) await writeFileAtomically(path, await make());
  return files.map(([path]) => path);
}

function overlayFile({ raster, settings, base }: SegmentedImage, labels: ArrayLike<number>, isNumbered: boolean): File {
  const make = async (): Promise<Uint8Array> => {
    const { encodePicture } = await loadEncoders();
    const picture = drawImage(raster, measureIntensity(raster, settings.scaling));
    paintOutlines(picture, labels);
    if (isNumbered) paintNumbers(picture, labels);
    return encodePicture(picture);
  };
  return [overlayPath(base), make];
}

function labelsFile({ raster, base, format }: SegmentedImage, kind: "cells" | "classes", make: () => Int32Array): File {
  const { height, width } = raster;
  const encode = async (): Promise<Uint8Array> =>
    (await loadEncoders()).encodeLabels({ height, width, labels: make() }, format);
  return [labelsPath(base, kind, format), encode];
}

/** Writes everything about an image's cells. */
export async function writeCells(
  image: SegmentedImage,
  { labels, count, outlines: trace }: SegmentedCells,
): Promise<{ readonly files: readonly string[]; readonly measured: MeasuredImage }> {
  const { path, raster, base, pixelSize } = image;
  const cells = measureCells(labels, raster);
  const measured = { image: path, cells, channels: raster.channels, ...onlyGiven({ pixelSize }) };
  const outlines = trace();
  const details = { measurements: cells, ...onlyGiven({ pixelSize }) };
  if (count > mostRois)
    say({
      en: `${path}: ImageJ's ROI Manager takes ${mostRois} cells at most; no rois.zip is written`,
      zh: `${path}：ImageJ 的 ROI Manager 最多容纳 ${mostRois} 个细胞；不写 rois.zip`,
    });
  const files = await writeFiles([
    labelsFile(image, "cells", () => labels),
    overlayFile(image, labels, true),
    [`${base}.csv`, () => measurementTable(measured)],
    [`${base}.geojson`, () => `${JSON.stringify(outlinesToGeoJson(outlines, details))}\n`],
    ...(count > mostRois ? [] : [[`${base}.rois.zip`, () => encodeRois(outlines)] as const]),
  ]);
  return { files, measured };
}

/** Writes the classes of an image's points. */
export function writeClasses(image: SegmentedImage, classes: Uint8Array): Promise<readonly string[]> {
  const { values = [] } = image.settings;
  return writeFiles([
    labelsFile(image, "classes", () => Int32Array.from(classes, (label) => values[label])),
    overlayFile(image, classes, false),
  ]);
}
