import { type FileSource, readSource } from "../../../files/node.ts";
import sharp from "sharp";
import { decode, type TiffIfd } from "tiff";
import { FormatError, ResiduaError } from "../../../tensor/errors.ts";
import type { Raster, Samples } from "../data/raster.ts";

/** The most pixels that are decoded: 16,000 × 16,000, more is an attack or a mistake. */
const MAXIMUM_PIXELS = 2 ** 28;
/** As many pixels of four 16-bit channels, uncompressed, are larger than what is read at once. */
const MAXIMUM_BYTES = 2 ** 31 - 1;

const isTiff = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0x49 && bytes[1] === 0x49 && bytes[2] === 42) ||
  (bytes[0] === 0x4d && bytes[1] === 0x4d && bytes[3] === 42);

/**
 * Reads an image or a mask as it was measured: 8 or 16 bits or floats, PNG, TIFF and whatever else libvips reads; without
 * transparency. Of a TIFF of several pages, the first.
 *
 * @throws {FormatError} if the file is no image, cut off, or larger than 268 megapixels
 * @throws {EnvironmentError} if it cannot be read
 */
export async function readRaster(source: FileSource): Promise<Raster> {
  const { bytes, where: path } = await readSource(source, MAXIMUM_BYTES);
  try {
    return isTiff(bytes) ? await readTiff(bytes, path) : await readPicture(bytes);
  } catch (error) {
    if (error instanceof ResiduaError) throw error;
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    const isCut = error instanceof RangeError || /premature|truncated|end of|eof/i.test(reason);
    throw new FormatError(
      path,
      isCut ? `is damaged or cut off: ${reason}` : `is no image that can be read: ${reason}`,
      {
        cause: error,
      },
    );
  }
}

function requireSize(width: number, height: number, path: string): void {
  if (width * height > MAXIMUM_PIXELS)
    throw new FormatError(
      path,
      `has ${width} × ${height} pixels, must have at most ${MAXIMUM_PIXELS}; cut it into parts`,
    );
}

function readTiff(bytes: Uint8Array, path: string): Raster | Promise<Raster> {
  const [{ width, height, bitsPerSample, sampleFormat }] = decode(bytes, { pages: [0], ignoreImageData: true });
  requireSize(width, height, path);
  // Whole numbers of 32 bits, as of very many cells, are not read by the library for TIFF, but by that for pictures.
  if (bitsPerSample === 32 && sampleFormat !== 3) return readPicture(bytes);
  const [page] = decode(bytes, { pages: [0] });
  return dropExtra({ height, width, channels: page.samplesPerPixel, samples: samplesOf(page, path) }, page.alpha);
}

function samplesOf(page: TiffIfd, path: string): Samples {
  const { data, width, height, samplesPerPixel } = page;
  if (data.length < width * height * samplesPerPixel) throw new FormatError(path, "is damaged or cut off");
  if (data instanceof Uint8Array || data instanceof Uint16Array || data instanceof Float32Array) return data;
  return Float32Array.from(data);
}

/** Takes away a last channel of transparency. */
function dropExtra({ height, width, channels, samples }: Raster, hasAlpha: boolean): Raster {
  if (!hasAlpha && channels !== 2) return { height, width, channels, samples };
  const kept = channels - 1;
  const rest = samples.slice(0, height * width * kept);
  for (let at = 0, from = 0; at < rest.length; from += channels) {
    for (let channel = 0; channel < kept; channel++) rest[at++] = samples[from + channel];
  }
  return { height, width, channels: kept, samples: rest };
}

async function readPicture(bytes: Uint8Array): Promise<Raster> {
  const image = sharp(bytes, { limitInputPixels: MAXIMUM_PIXELS, failOn: "truncated" });
  const { depth, hasAlpha, space } = await image.metadata();
  const deep = depth === "ushort";
  const grey = space === "b-w" || space === "grey16";
  if (depth === "uint" && grey) {
    const { data, info } = await image
      .toColourspace("b-w")
      .raw({ depth: "uint" })
      .toBuffer({ resolveWithObject: true });
    const samples = new Uint32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
    return { height: info.height, width: info.width, channels: info.channels, samples };
  }
  // Without this, 16 bits would be brought to 8.
  const { data, info } = await image
    .toColourspace(grey ? (deep ? "grey16" : "b-w") : deep ? "rgb16" : "srgb")
    .raw({ depth: deep ? "ushort" : "uchar" })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const samples = deep
    ? new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength))
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return dropExtra({ height, width, channels, samples }, hasAlpha && channels !== 3);
}
