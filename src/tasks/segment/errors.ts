import { IGNORED } from "./data/set.ts";
import { countOverlaps, pairCells } from "./metrics.ts";
import type { Picture } from "./overlay.ts";

/** What is wrong at a point, if anything is. */
export const pointErrors = ["none", "right", "missed", "wrong", "ignored"] as const;
export type PointError = (typeof pointErrors)[number];

/** Apart from each other for colour-blind readers: right, missed, found though it is not there. */
export const errorColours: Readonly<Record<PointError, readonly [number, number, number]>> = {
  none: [0, 0, 0],
  right: [18, 165, 119],
  missed: [226, 88, 34],
  wrong: [58, 134, 255],
  ignored: [128, 128, 128],
};

/** A true and a found plane of the same image. */
export interface ComparedPlanes {
  readonly truth: ArrayLike<number>;
  readonly found: ArrayLike<number>;
}

const place = (error: PointError): number => pointErrors.indexOf(error);

/**
 * Judges each point of an image whose cells were found: all of a cell that no found one matches at IoU 0.5 is missed, all of a
 * found cell that matches none is wrong; of pairs that match, the points that only one of the two has.
 *
 * @returns places in {@link pointErrors}
 */
export function judgeCellPoints({ truth, found }: ComparedPlanes): Uint8Array {
  const overlaps = countOverlaps(truth, found, IGNORED);
  const partner = new Map(
    pairCells(overlaps, 0.5).map((pair) => [overlaps.ids.truth[pair.truth], overlaps.ids.found[pair.found]]),
  );
  const matched = new Set(partner.values());
  return Uint8Array.from(truth, (own, at) => {
    const other = found[at];
    if (own === IGNORED) return place("ignored");
    if (own === 0 && other === 0) return place("none");
    if (own !== 0 && partner.get(own) === other) return place("right");
    if (own !== 0 && (other === 0 || matched.has(other) || !partner.has(own))) return place("missed");
    return place("wrong");
  });
}

/** Judges each point that was given a class; class 0, where it is right, is nothing to show. */
export function judgeClassPoints({ truth, found }: ComparedPlanes): Uint8Array {
  return Uint8Array.from(truth, (own, at) => {
    if (own === IGNORED) return place("ignored");
    if (own === found[at]) return place(own === 0 ? "none" : "right");
    return place(found[at] === 0 ? "missed" : "wrong");
  });
}

/** Lays the colours of errors over a picture: strong at their edges, so that large ones do not hide what lies below. */
export function drawErrors({ height, width, pixels }: Picture, errors: Uint8Array): Picture {
  const isEdge = (point: number): boolean => {
    const [row, column] = [Math.floor(point / width), point % width];
    const differs = (other: number): boolean => errors[other] !== errors[point];
    return (
      (column > 0 && differs(point - 1)) ||
      (column < width - 1 && differs(point + 1)) ||
      (row > 0 && differs(point - width)) ||
      (row < height - 1 && differs(point + width))
    );
  };
  const out = Uint8Array.from(pixels, (level, at) => {
    const point = Math.floor(at / 3);
    const error = pointErrors[errors[point]];
    if (error === "none") return level;
    const cover = error === "right" ? 0.3 : isEdge(point) ? 0.85 : 0.4;
    return level * (1 - cover) + errorColours[error][at % 3] * cover;
  });
  return { height, width, pixels: out };
}
