import type { ShownPlate } from "./read-service.ts";

/** A plate that frames showed: the frame in which it was read most surely. */
export interface SeenPlate {
  readonly plate: ShownPlate;
  /** Frames with this text. */
  readonly frames: number;
  /** Seconds of the video. */
  readonly first: number;
  readonly last: number;
}

/** Texts that are kept; of more, those seen least and longest ago go. */
const MOST = 200;

/** The plates of a frame, put to those of the frames before: by their texts, the most frequent first. */
export function addFrame(
  seen: readonly SeenPlate[],
  plates: readonly ShownPlate[],
  seconds: number,
): readonly SeenPlate[] {
  const all = new Map(seen.map((one) => [one.plate.text, one]));
  for (const plate of plates) {
    const before = all.get(plate.text);
    const isSurer = before === undefined || plate.confidence > before.plate.confidence;
    all.set(plate.text, {
      plate: isSurer ? plate : before.plate,
      frames: (before?.frames ?? 0) + 1,
      first: before?.first ?? seconds,
      last: seconds,
    });
  }
  return [...all.values()].toSorted((a, b) => b.frames - a.frames || b.last - a.last).slice(0, MOST);
}
