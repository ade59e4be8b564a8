import { FormatError } from "../../tensor/errors.ts";

/** Bytes of samples that one image may decode to: 16,384 × 16,384 pixels of 16 bits. More is an attack or a mistake. */
export const maximumDecodedBytes: number = 2 ** 29;
/** Tiles or strips per page: this many of 64 × 64 make the largest image. */
export const maximumBlocks: number = 2 ** 16;
/** The most pages to count. */
export const maximumPages: number = 2 ** 17;

/** The decoded size of an image according to its header. */
export interface DecodedSize {
  readonly height: number;
  readonly width: number;
  /** Of all decoded channels, opacity included. */
  readonly channels: number;
  readonly bytesPerSample: number;
}

const isLength = (value: number): boolean => Number.isInteger(value) && value > 0;

/**
 * Checks an image's header before anything is decoded.
 *
 * @param most the most bytes it may decode to
 * @throws {FormatError} unless width and height are whole numbers above 0, and the samples fit into `most`
 */
export function requireDecodable(
  { height, width, channels, bytesPerSample }: DecodedSize,
  where: string,
  most: number = maximumDecodedBytes,
): void {
  if (!isLength(width) || !isLength(height))
    throw new FormatError(where, `has a width of ${width} and a height of ${height}, must be whole numbers above 0`);
  const bytes = width * height * channels * bytesPerSample;
  if (bytes <= most) return;
  throw new FormatError(
    where,
    `takes ${Math.ceil(bytes / 2 ** 20)} MiB decoded (${width} × ${height} pixels, ${channels} ` +
      `${channels === 1 ? "channel" : "channels"} of ${8 * bytesPerSample} bits), must take at most ` +
      `${Number((most / 2 ** 20).toPrecision(3))} MiB; cut it into parts`,
  );
}

/** The error for a file that ends too early or contradicts itself. */
export function damaged(where: string, kind: string, cause?: unknown): FormatError {
  return new FormatError(where, `is damaged or truncated, must be a whole ${kind}; save or copy it again`, { cause });
}

/** The error for a known but unsupported format. */
export function notRead(where: string, what: string, read: string): FormatError {
  return new FormatError(where, `is ${what}, which is not supported; ${read}`);
}
