import { encode } from "fast-png";

/** A picture of whole numbers. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for red, green and blue, 4 with opacity. */
  readonly channels: number;
  /** `[height, width, channels]`; their type is the file's depth, 8 or 16 bits. */
  readonly samples: Uint8Array | Uint16Array;
}

/**
 * Encodes a picture as PNG; samples stay what they are.
 *
 * @throws {TypeError | RangeError} if sizes, channels and samples do not belong together
 */
export function encodePng({ height, width, channels, samples }: Picture): Uint8Array {
  const depth = samples instanceof Uint16Array ? 16 : 8;
  // zlib's usual level: half the size of the library's own for maps of labels.
  return encode({ width, height, channels, depth, data: samples }, { zlib: { level: 6 } });
}
