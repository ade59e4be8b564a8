import { firstOf } from "../../../data/limit.ts";
import { OptionError } from "../../../tensor/errors.ts";
import type { OpenedSamples, SamplesChoice } from "../../node/node-task.ts";
import { rectangle } from "../geometry.ts";
import type { PlateSample } from "../judge.ts";
import type { GlyphSet } from "../render/glyphs.ts";
import { renderPlate } from "../render/plate-image.ts";
import type { PlateSettings } from "../settings.ts";
import { PLATE_HEIGHT, PLATE_WIDTH } from "../straighten.ts";
import { cornersIn, listPlates, type PlateFile, readPixels } from "./folder.ts";

/** Reads pictures with their plates one after another; a reader needs their texts. */
export async function* readPlateSamples(
  files: readonly PlateFile[],
  { part }: Pick<PlateSettings, "part">,
): AsyncGenerator<PlateSample> {
  for (const { path, plates } of files) {
    const image = await readPixels(path);
    const labelled = plates.map((plate) => ({
      ...(plate.text === undefined ? {} : { text: plate.text }),
      corners: cornersIn(plate, image),
    }));
    yield { name: path, image, plates: part === "read" ? labelled.filter(({ text }) => text !== undefined) : labelled };
  }
}

/** Epochs in which no training draws. */
const EPOCHS = { validation: 0xfffffffe, test: 0xffffffff } as const;

/** Drawn plates that no training draws. */
export function* drawnSamples({
  glyphs,
  seed,
  part,
  count,
}: {
  readonly glyphs: GlyphSet;
  readonly seed: number;
  readonly part: keyof typeof EPOCHS;
  readonly count: number;
}): Generator<PlateSample> {
  for (let index = 0; index < count; index++) {
    const { image, text } = renderPlate({ glyphs }, { seed, epoch: EPOCHS[part], index });
    yield { name: `drawn ${index}`, image, plates: [{ text, corners: rectangle(PLATE_WIDTH, PLATE_HEIGHT) }] };
  }
}

/**
 * Opens pictures with plates.
 *
 * @throws {OptionError} naming a choice that cannot be met
 */
export async function openPlateSamples(
  { settings }: { readonly settings: PlateSettings },
  { data, heldBack, limit }: SamplesChoice,
): Promise<OpenedSamples<PlateSample>> {
  if (data === undefined) throw new OptionError("data", "is missing: a folder of labelled pictures");
  if (heldBack === true) throw new OptionError("heldBack", "does not apply to plates; give the folder of the test");
  const files = await listPlates(data, { needsText: settings.part === "read" });
  const chosen = firstOf(files, limit);
  return { data, count: chosen.length, samples: readPlateSamples(chosen, settings) };
}
