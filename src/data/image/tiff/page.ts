import { FormatError } from "../../../tensor/errors.ts";
import { damaged } from "../limits.ts";
import { type DecodedImage, orient, type Samples } from "../raster.ts";
import { type Directory, type TiffFile } from "./directory.ts";
import { toWholeJpeg } from "./jpeg.ts";
import { type PageLayout, readLayout } from "./layout.ts";
import { createSamples, readSamples } from "./samples.ts";
import { unpackBlock } from "./unpack.ts";

/** Decodes a complete 8-bit JPEG from a TIFF. */
export type DecodeJpeg = (bytes: Uint8Array) => Promise<DecodedImage>;

/** The position of a block in its page. */
interface Block {
  readonly index: number;
  readonly top: number;
  readonly left: number;
  /** The channel, if each has its own blocks. */
  readonly plane: number;
  /** Rows of the block, and those within the page. */
  readonly rows: number;
  readonly kept: number;
}

function listBlocks({ height, width, samples, planar, tiled, blockHeight, blockWidth }: PageLayout): readonly Block[] {
  const [down, across] = [Math.ceil(height / blockHeight), Math.ceil(width / blockWidth)];
  const each = down * across;
  return Array.from({ length: each * (planar ? samples : 1) }, (_, index) => {
    const inPlane = index % each;
    const top = Math.floor(inPlane / across) * blockHeight;
    const kept = Math.min(blockHeight, height - top);
    return {
      index,
      top,
      left: (inPlane % across) * blockWidth,
      plane: Math.floor(index / each),
      rows: tiled ? blockHeight : kept,
      kept,
    };
  });
}

async function readBlock(
  file: TiffFile,
  layout: PageLayout,
  { block, decodeJpeg, shift }: { readonly block: Block; readonly decodeJpeg: DecodeJpeg; readonly shift: number },
): Promise<Samples | undefined> {
  const { bytes, where, isLittle } = file;
  const { blockWidth, samples, bits, planar, compression } = layout;
  const start = layout.offsets[block.index] + shift;
  const stored = layout.lengths[block.index] ?? bytes.length - start;
  // Blocks missing from a sparse file are zeros.
  if (stored === 0) return undefined;
  if (start + stored > bytes.length) throw damaged(where, "TIFF");
  const data = bytes.subarray(start, start + stored);
  const step = planar ? 1 : samples;
  const perRow = blockWidth * step;
  if (compression === "JPEG") {
    const image = await decodeJpeg(toWholeJpeg(data, layout));
    if (
      image.width < Math.min(blockWidth, layout.width - block.left) ||
      image.height < block.kept ||
      image.channels !== step
    )
      throw damaged(where, "TIFF");
    return image.width === blockWidth ? image.samples : widen(image, perRow);
  }
  const unpacked = unpackBlock(data, layout, { rows: block.rows, rowBytes: Math.ceil((perRow * bits) / 8), where });
  return readSamples(unpacked, layout, { perRow, step, isLittle });
}

/** Rows of a narrower block, padded to the block width. */
function widen({ width, height, channels, samples }: DecodedImage, perRow: number): Samples {
  const out = new Uint8Array(perRow * height);
  for (let row = 0; row < height; row++)
    out.set(
      (samples as Uint8Array).subarray(row * width * channels, (row + 1) * width * channels).subarray(0, perRow),
      row * perRow,
    );
  return out;
}

/** Copies a block's samples to their place in the page. */
function place(
  out: Samples,
  layout: PageLayout,
  { block: { top, left, plane, kept }, values }: { readonly block: Block; readonly values: Samples },
): void {
  const { width, samples, planar, blockWidth } = layout;
  const columns = Math.min(blockWidth, width - left);
  const step = planar ? 1 : samples;
  for (let row = 0; row < kept; row++) {
    const from = row * blockWidth * step;
    const to = ((top + row) * width + left) * samples;
    if (!planar) out.set(values.subarray(from, from + columns * step), to);
    else for (let column = 0; column < columns; column++) out[to + column * samples + plane] = values[from + column];
  }
}

/** Bytes of one uncompressed, contiguous image of a page. */
export function plainBytes({ height, width, samples, bits }: PageLayout): number {
  return height * Math.ceil((width * samples * bits) / 8);
}

/**
 * Decodes a page upright and interprets its values: bits and small greys become 0 to 255, 0 is black, palettes and CMYK
 * become red, green and blue.
 *
 * @param shift bytes to add to all offsets, for consecutive images under one directory
 * @throws {FormatError} if it is damaged, too large or not read
 */
export async function decodePage(
  file: TiffFile,
  directory: Directory,
  { decodeJpeg, shift = 0 }: { readonly decodeJpeg: DecodeJpeg; readonly shift?: number },
): Promise<DecodedImage> {
  const layout = readLayout(file, directory);
  const { height, width, samples, bits, alpha } = layout;
  const out = createSamples(layout, height * width * samples);
  for (const block of listBlocks(layout)) {
    const values = await readBlock(file, layout, { block, decodeJpeg, shift });
    if (values !== undefined) place(out, layout, { block, values });
  }
  const image = {
    height,
    width,
    channels: samples,
    samples: out,
    bits: Math.max(bits, 8),
    ...(alpha === undefined ? {} : { alpha }),
  };
  return orient(interpret(image, layout, file.where), layout.orientation);
}

function interpret(image: DecodedImage, { photometric, bits, colourMap }: PageLayout, where: string): DecodedImage {
  const { samples, channels, alpha } = image;
  if (photometric === "palette") return fromPalette(image, colourMap, { bits, where });
  if (photometric === "cmyk") return fromCmyk(image, 2 ** bits - 1);
  const highest = 2 ** bits - 1;
  const scale = bits < 8 ? 255 / highest : 1;
  const inverts = photometric === "white-is-zero";
  if (scale === 1 && !inverts) return image;
  for (let at = 0; at < samples.length; at++)
    if (!inverts || at % channels !== alpha?.channel)
      samples[at] = (inverts ? highest - samples[at] : samples[at]) * scale;
  return image;
}

function fromPalette(
  { height, width, samples }: DecodedImage,
  map: readonly number[],
  { bits, where }: { readonly bits: number; readonly where: string },
): DecodedImage {
  const count = 2 ** bits;
  if (map.length < 3 * count)
    throw new FormatError(where, `has a palette of ${Math.floor(map.length / 3)} colours, must have ${count}`);
  // Some writers fill only the lower 8 of 16 bits.
  const shift = map.some((value) => value > 255) ? 8 : 0;
  const out = new Uint8Array(3 * samples.length);
  for (let at = 0; at < samples.length; at++)
    for (let channel = 0; channel < 3; channel++) out[3 * at + channel] = map[channel * count + samples[at]] >> shift;
  return { height, width, channels: 3, samples: out, bits: 8 };
}

/** (1 − C)(1 − K), (1 − M)(1 − K), (1 − Y)(1 − K): without an ink profile. */
export function fromCmyk(image: DecodedImage, highest: number): DecodedImage {
  const { height, width, channels, samples, bits, alpha } = image;
  const kept = channels - 1;
  const out = samples.slice(0, height * width * kept);
  for (let from = 0, to = 0; from < samples.length; from += channels, to += kept) {
    const light = highest - samples[from + 3];
    for (let ink = 0; ink < 3; ink++) out[to + ink] = Math.round(((highest - samples[from + ink]) * light) / highest);
    for (let extra = 4; extra < channels; extra++) out[to + extra - 1] = samples[from + extra];
  }
  return {
    height,
    width,
    channels: kept,
    samples: out,
    bits,
    ...(alpha === undefined ? {} : { alpha: { ...alpha, channel: alpha.channel - 1 } }),
  };
}
