import type { TrainedNetwork } from "../../networks/open.ts";
import { boxOf, type Corners, type Point, quadOverlap } from "./geometry.ts";
import { locateInWindows } from "./locate.ts";
import { type Pixels, straighten } from "./straighten.ts";

/** Widths, in pixels, at which a plate is looked at again: a locator is surest at some of them, and which differs. */
const WIDTHS = [60, 80, 110, 150] as const;
/** Close-ups side by side in one window of the locator, and one above the other. */
const SIDE = 2;
/** Least score of a plate in a close-up: that there is one is known. */
const LEAST = 0.1;
/** Share of the union that the plate seen again has with the plate as it was seen. */
const SHARED = 0.2;

/** A part of the picture, and where it lies in the window. */
interface CloseUp {
  readonly pixels: Pixels;
  readonly left: number;
  readonly top: number;
  /** Maps a point of the window to the picture. */
  readonly toPicture: (point: Point) => Point;
}

function takeCloseUps(image: Pixels, corners: Corners, [columns, rows]: readonly [number, number]): readonly CloseUp[] {
  const [x0, y0, x1, y1] = boxOf(corners);
  const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
  return WIDTHS.flatMap((width, index) => {
    const scale = width / Math.max(1, x1 - x0);
    const [across, down] = [columns / scale, rows / scale];
    const [left, top] = [cx - across / 2, cy - down / 2];
    const pixels = straighten(
      image,
      [
        [left, top],
        [left + across, top],
        [left + across, top + down],
        [left, top + down],
      ],
      columns,
      rows,
    );
    if (pixels === null) return [];
    const [x, y] = [columns * (index % SIDE), rows * Math.floor(index / SIDE)];
    const toPicture = ([u, v]: Point): Point => [left + (u - x) / scale, top + (v - y) / scale];
    return [{ pixels, left: x, top: y, toPicture }];
  });
}

/**
 * Locates a plate again in close-ups of several sizes, all in one window of the locator.
 *
 * @param corners as they were located
 * @returns corners in the picture, of each close-up in which the plate was found again
 */
export async function locateCloser(
  locator: TrainedNetwork,
  image: Pixels,
  corners: Corners,
): Promise<readonly Corners[]> {
  const [, rows, columns] = locator.card.imageShape;
  const size = [Math.floor(columns / SIDE), Math.floor(rows / SIDE)] as const;
  const window = { width: columns, height: rows, data: new Uint8Array(3 * columns * rows) };
  const closeUps = takeCloseUps(image, corners, size);
  for (const { pixels, left, top } of closeUps)
    for (let row = 0; row < pixels.height; row++) {
      const line = pixels.data.subarray(3 * row * pixels.width, 3 * (row + 1) * pixels.width);
      window.data.set(line, 3 * ((top + row) * columns + left));
    }
  const located = await locateInWindows(locator, window, LEAST);
  return closeUps.flatMap(({ left, top, toPicture }) => {
    const own = located.filter(({ corners: found }) => {
      const [x0, y0, x1, y1] = boxOf(found);
      const [x, y] = [(x0 + x1) / 2 - left, (y0 + y1) / 2 - top];
      return x >= 0 && y >= 0 && x < size[0] && y < size[1];
    });
    const again = own
      .toSorted((a, b) => b.score - a.score)
      .map(({ corners: found }) => found.map(toPicture) as unknown as Corners)
      .find((found) => quadOverlap(found, corners) > SHARED);
    return again === undefined ? [] : [again];
  });
}
