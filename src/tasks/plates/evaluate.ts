import { type Box, boxOf, boxOverlap, type Corners } from "./geometry.ts";

/** A plate as labelled. */
export interface LabelledPlate {
  /** Undefined where the data do not say. */
  readonly text?: string;
  readonly corners: Corners;
}

/** A plate as found. */
export interface FoundPlate {
  /** Undefined where it was only located. */
  readonly text?: string;
  readonly corners: Corners;
  readonly score: number;
  /** Probability of the weakest character. */
  readonly confidence?: number;
  /** Mean probability of its characters. */
  readonly legibility?: number;
}

/** What became of a picture's plates. */
export interface PictureFigures {
  readonly name: string;
  /** Each labelled plate, with the plate found in its place. */
  readonly plates: readonly { readonly truth: LabelledPlate; readonly found?: FoundPlate }[];
  /** Plates found where none is labelled. */
  readonly false: readonly FoundPlate[];
}

/** Least intersection over union of the bounding boxes of a plate that counts as found. */
export const LEAST_OVERLAP = 0.5;

/** Matches plates one to one, those that overlap most first. */
export function matchPlates(
  name: string,
  truth: readonly LabelledPlate[],
  found: readonly FoundPlate[],
): PictureFigures {
  const boxes = (plates: readonly { readonly corners: Corners }[]): readonly Box[] =>
    plates.map(({ corners }) => boxOf(corners));
  const [wanted, given] = [boxes(truth), boxes(found)];
  const pairs = wanted
    .flatMap((box, t) => given.map((other, f) => ({ t, f, overlap: boxOverlap(box, other) })))
    .filter(({ overlap }) => overlap >= LEAST_OVERLAP)
    .toSorted((a, b) => b.overlap - a.overlap);
  const matched = new Map<number, number>();
  const taken = new Set<number>();
  for (const { t, f } of pairs) {
    if (matched.has(t) || taken.has(f)) continue;
    matched.set(t, f);
    taken.add(f);
  }
  return {
    name,
    plates: truth.map((plate, t) => {
      const match = matched.get(t);
      return match === undefined ? { truth: plate } : { truth: plate, found: found[match] };
    }),
    false: found.filter((_, f) => !taken.has(f)),
  };
}

/** Figures of all pictures together; null where there is nothing to measure. */
export interface PlateFigures {
  readonly pictures: number;
  readonly plates: number;
  /** Share of the plates found. */
  readonly found: number | null;
  /** Share of the plates with a text that were found and read without a mistake. */
  readonly wholePlate: number | null;
  /** Share of the plates found whose first character is right. */
  readonly firstCharacter: number | null;
  readonly falsePlates: number;
  /** Share of what was found that is a plate. */
  readonly precision: number | null;
}

const shareOf = (part: number, all: number): number | null => (all === 0 ? null : part / all);

/** Sums up pictures. */
export function summarizePlates(pictures: readonly PictureFigures[]): PlateFigures {
  const plates = pictures.flatMap((picture) => picture.plates);
  const located = plates.filter((plate) => plate.found !== undefined);
  const falsePlates = pictures.reduce((sum, picture) => sum + picture.false.length, 0);
  const labelled = plates.filter(({ truth }) => truth.text !== undefined);
  const read = labelled.filter((plate) => plate.found?.text !== undefined);
  const first = (text = ""): string => Array.from(text)[0] ?? "";
  return {
    pictures: pictures.length,
    plates: plates.length,
    found: shareOf(located.length, plates.length),
    wholePlate: shareOf(read.filter((plate) => plate.found!.text === plate.truth.text).length, labelled.length),
    firstCharacter: shareOf(
      read.filter((plate) => first(plate.found!.text) === first(plate.truth.text)).length,
      read.length,
    ),
    falsePlates,
    precision: shareOf(located.length, located.length + falsePlates),
  };
}
