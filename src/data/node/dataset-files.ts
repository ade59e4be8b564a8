import { readFileBytes } from "../../files/node.ts";
import { join } from "node:path";
import { FormatError, EnvironmentError, oneOf } from "../../tensor/errors.ts";
import { decodeCifar } from "../cifar.ts";
import { decodeIdx } from "../idx.ts";
import { catalog, type DatasetEntry, type DatasetName, datasetNames } from "../catalog.ts";
import { type Dataset, type ImageSet, sharedBytes } from "../image-set.ts";

/** The largest file takes 154 MB. */
const MAXIMUM_BYTES = 400_000_000;

/** Checks a catalogue name. @throws {OptionError} listing the names */
export function parseDatasetName(text: string): DatasetName {
  return oneOf("data", text, datasetNames);
}

/** Copies into shared memory. */
function share(images: Uint8Array): Uint8Array {
  const shared = sharedBytes(images.length);
  shared.set(images);
  return shared;
}

function readPart(folder: string, name: string): Promise<Uint8Array> {
  return readFileBytes(join(folder, name), MAXIMUM_BYTES);
}

async function loadIdxPart(folder: string, prefix: string, classes: number): Promise<ImageSet> {
  const imagesFile = `${prefix}-images-idx3-ubyte`;
  const labelsFile = `${prefix}-labels-idx1-ubyte`;
  const images = decodeIdx(await readPart(folder, imagesFile), join(folder, imagesFile));
  const labels = decodeIdx(await readPart(folder, labelsFile), join(folder, labelsFile));
  const [count, height, width] = images.shape;
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw new FormatError(
      join(folder, labelsFile),
      `holds ${labels.shape.join("×")} labels for images of ${images.shape.join("×")}`,
    );
  }
  const wrong = labels.data.find((label) => label >= classes);
  if (wrong !== undefined)
    throw new FormatError(join(folder, labelsFile), `holds class ${wrong}, must be below ${classes}`);
  return {
    images: share(images.data),
    labels: Int32Array.from(labels.data),
    count: count,
    channels: 1,
    height: height,
    width: width,
  };
}

async function loadCifarPart(folder: string, file: string, labelBytes: 1 | 2): Promise<ImageSet> {
  const { images, labels } = decodeCifar(await readPart(folder, file), labelBytes, join(folder, file));
  return { images, labels, count: labels.length, channels: 3, height: 32, width: 32 };
}

function loadParts({ format, classes }: DatasetEntry, folder: string): readonly [Promise<ImageSet>, Promise<ImageSet>] {
  if (format.kind === "cifar") {
    const load = (file: string): Promise<ImageSet> => loadCifarPart(folder, file, format.labelBytes);
    return [load("train.bin"), load("test.bin")];
  }
  const load = (prefix: string): Promise<ImageSet> => loadIdxPart(folder, prefix, classes.length);
  return [load(format.train), load(format.test)];
}

/**
 * Reads a catalogue data set from the folder with its files.
 * @throws {FormatError} naming the damaged file
 */
export async function loadDataset(name: DatasetName, folder: string): Promise<Dataset<ImageSet>> {
  const entry = catalog[name];
  const { classes, normalization } = entry;
  const [train, test] = await Promise.all(loadParts(entry, folder));
  return { name, classes, normalization, train, test };
}

/**
 * @throws {FormatError} unless all images are present and of the right size: CIFAR's files have no header that would
 *   reveal truncation between two records
 */
export function requireWhole(name: DatasetName, { train, test }: Dataset, folder: string): void {
  const { counts, image } = catalog[name];
  const fetchIt = `fetch it with "residua data fetch ${name}"`;
  const [size, wantedSize] = [train, image].map(({ channels, height, width }) => `${channels}×${height}×${width}`);
  if (size !== wantedSize)
    throw new FormatError(folder, `holds images of ${size}, must hold ${wantedSize}; ${fetchIt}`);
  if (train.count === counts.train && test.count === counts.test) return;
  const [are, wanted] = [`${train.count} + ${test.count}`, `${counts.train} + ${counts.test}`];
  throw new FormatError(folder, `holds ${are} images, must hold ${wanted}; ${fetchIt}`);
}

/** The error for a data set that is not on this machine. */
export function missingDataset(name: DatasetName): EnvironmentError {
  return new EnvironmentError(name, `is not on this machine; fetch it with "residua data fetch ${name}"`);
}
