import { zipChunks } from "../../weights/zip/write.ts";
import type { CellOutline, Corner, Ring } from "./outlines.ts";

const headerBytes = 64;
/** The format's version. The second header is left out, so ImageJ takes names from the zip file's entries. */
const version = 227;
/** Kinds of outlines; a composite shape is a rectangle with a path. */
const kinds = { polygon: 0, composite: 1 } as const;
/** Segments of a path, each followed by the coordinates of its end. */
const [moveTo, lineTo, close] = [0, 1, 4] as const;
/** Option: coordinates follow once more, as floats. */
const subpixel = 128;
/** ImageJ keeps 16-bit coordinates with a sign. */
const largestShort = 32_767;
const largestCount = 65_535;

/** Entries that a zip file without extensions holds. */
export const mostRois = 65_534;

interface Bounds {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

function boundsOf(corners: readonly Corner[]): Bounds {
  const bounds = { top: Infinity, left: Infinity, bottom: -Infinity, right: -Infinity };
  for (const [x, y] of corners) {
    bounds.left = Math.min(bounds.left, x);
    bounds.right = Math.max(bounds.right, x);
    bounds.top = Math.min(bounds.top, y);
    bounds.bottom = Math.max(bounds.bottom, y);
  }
  return bounds;
}

/** A file of a header and so many further bytes. */
function startFile(kind: number, { top, left, bottom, right }: Bounds, content: number): DataView {
  const view = new DataView(new ArrayBuffer(headerBytes + content));
  [0x49, 0x6f, 0x75, 0x74].forEach((byte, at) => view.setUint8(at, byte));
  view.setUint16(4, version);
  view.setUint8(6, kind);
  [top, left, bottom, right].forEach((side, index) => view.setUint16(8 + 2 * index, side));
  return view;
}

function encodePolygon(ring: Ring): Uint8Array {
  const bounds = boundsOf(ring);
  const count = ring.length;
  const floats = Math.max(bounds.right, bounds.bottom) > largestShort;
  const view = startFile(kinds.polygon, bounds, count * (floats ? 12 : 4));
  if (count > largestCount) view.setUint32(18, count);
  else view.setUint16(16, count);
  ring.forEach(([x, y], index) => {
    view.setUint16(headerBytes + 2 * index, x - bounds.left);
    view.setUint16(headerBytes + 2 * (count + index), y - bounds.top);
    if (!floats) return;
    view.setFloat32(headerBytes + 4 * (count + index), x);
    view.setFloat32(headerBytes + 4 * (2 * count + index), y);
  });
  if (floats) view.setUint16(50, subpixel);
  return new Uint8Array(view.buffer);
}

/** Several rings: their even-odd union, as a path. */
function encodeComposite(rings: readonly Ring[]): Uint8Array {
  const path = rings.flatMap((ring) => [
    ...ring.flatMap(([x, y], index) => [index === 0 ? moveTo : lineTo, x, y]),
    close,
  ]);
  const view = startFile(kinds.composite, boundsOf(rings.flat()), 4 * path.length);
  view.setUint32(36, path.length);
  path.forEach((value, index) => view.setFloat32(headerBytes + 4 * index, value));
  return new Uint8Array(view.buffer);
}

/**
 * A cell's outline as an ImageJ region of interest, big-endian: a polygon, or a composite shape if the cell has holes or several
 * parts.
 *
 * @source ImageJ, `ij.io.RoiDecoder` and `ij.io.RoiEncoder`
 */
export function encodeRoi({ parts }: CellOutline): Uint8Array {
  const rings = parts.flat();
  return rings.length === 1 ? encodePolygon(rings[0]) : encodeComposite(rings);
}

/**
 * Outlines as a zip file for ImageJ's ROI Manager, named by the cells' numbers, in their order.
 *
 * @throws {OptionError} for more than {@link mostRois}
 */
export function* encodeRois(cells: readonly CellOutline[]): Generator<Uint8Array> {
  const digits = String(cells.at(-1)?.id ?? 0).length;
  yield* zipChunks(cells.map((cell) => [`${String(cell.id).padStart(digits, "0")}.roi`, encodeRoi(cell)]));
}
