import type { Evaluation } from "../../train/evaluation.ts";
import type { Measure } from "../../train/measure.ts";
import {
  matchPlates,
  type LabelledPlate,
  type PictureFigures,
  type PlateFigures,
  summarizePlates,
} from "./evaluate.ts";
import { findPlates, type FindPlatesOptions, type PlateNetworks } from "./find-plates.ts";
import { locatePlates } from "./locate.ts";
import { measuresOfPart, plateMeasures } from "./measures.ts";
import type { PlatesNetwork } from "./network.ts";
import { requirePartOptions } from "./part-options.ts";
import { readPlates } from "./read-views.ts";
import type { Pixels } from "./straighten.ts";

/** A picture with its labelled plates. */
export interface PlateSample {
  readonly name: string;
  readonly image: Pixels;
  readonly plates: readonly LabelledPlate[];
}

/** How a network is judged. */
export interface JudgePlatesOptions extends FindPlatesOptions {
  readonly onPicture?: (done: number, picture: PictureFigures) => void;
}

/** How well plates are found or read. */
export interface PlateJudgement extends Evaluation {
  readonly figures: PlateFigures;
  readonly pictures: readonly PictureFigures[];
}

type Samples = AsyncIterable<PlateSample> | Iterable<PlateSample>;

/**
 * Judges a locator by the plates that it finds, a reader by those that it reads, straightened by their labelled corners, and a
 * locator with its reader by both.
 *
 * @throws {OptionError} for an option of the other part
 */
export async function judgePlates(
  network: PlatesNetwork,
  samples: Samples,
  options: JudgePlatesOptions = {},
): Promise<PlateJudgement> {
  const { reader } = network;
  if (reader !== undefined) return judgeTogether({ locator: network, reader }, samples, options);
  const { part } = network.settings;
  requirePartOptions(part, options);
  return judgeEach(samples, { ...options, measures: measuresOfPart({ part }) }, async (sample) => {
    if (part === "locate")
      return matchPlates(sample.name, sample.plates, await locatePlates(network, sample.image, options));
    const corners = sample.plates.map((plate) => plate.corners);
    const readings = await readPlates(network, sample.image, corners, options);
    const found = readings.map((reading, index) =>
      reading === null ? undefined : { text: reading.text, corners: corners[index], score: 1 },
    );
    return {
      name: sample.name,
      plates: sample.plates.map((truth, index) =>
        found[index] === undefined ? { truth } : { truth, found: found[index] },
      ),
      false: [],
    };
  });
}

/** Judges both networks together. */
export function judgeTogether(
  networks: PlateNetworks,
  samples: Samples,
  options: JudgePlatesOptions = {},
): Promise<PlateJudgement> {
  const { wholePlate, firstCharacter, found, precision } = plateMeasures;
  const measures = [wholePlate, firstCharacter, found, precision] as const;
  return judgeEach(samples, { ...options, measures }, async ({ name, image, plates }) =>
    matchPlates(
      name,
      plates,
      (await findPlates(image, networks, options)).map(({ text, corners, score, confidence, legibility }) => ({
        text,
        corners,
        score,
        confidence,
        legibility,
      })),
    ),
  );
}

async function judgeEach(
  samples: Samples,
  { onPicture = () => {}, measures }: JudgePlatesOptions & { readonly measures: readonly [Measure, ...Measure[]] },
  judge: (sample: PlateSample) => Promise<PictureFigures>,
): Promise<PlateJudgement> {
  const pictures: PictureFigures[] = [];
  for await (const sample of samples) {
    const picture = await judge(sample);
    pictures.push(picture);
    onPicture(pictures.length, picture);
  }
  const figures = summarizePlates(pictures);
  const { found, precision, wholePlate, firstCharacter } = figures;
  const all: Evaluation["measures"] = { found, precision, wholePlate, firstCharacter };
  const main = all[measures[0].name];
  return {
    count: pictures.length,
    loss: main === null ? Number.NaN : 1 - main,
    measures: Object.fromEntries(measures.map(({ name }) => [name, all[name]])),
    figures,
    pictures,
    ...(main === null
      ? { unmeasured: pictures.length === 0 ? "there are no images" : "there are no labelled plates" }
      : {}),
  };
}
