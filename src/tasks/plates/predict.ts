import { findPlates, type FindPlatesOptions, type Plate } from "./find-plates.ts";
import { type LocatedPlate, locatePlates } from "./locate.ts";
import type { PlatesNetwork } from "./network.ts";
import { type PlateReading, readPlates } from "./read-views.ts";
import { rectangle } from "./geometry.ts";
import { requirePartOptions } from "./part-options.ts";
import type { Pixels } from "./straighten.ts";

/**
 * What is said of a picture: by a locator, where plates are; by a reader, what the one plate that is the picture says; by both
 * together, where plates are and what they say.
 */
export type PlatePrediction =
  | { readonly part: "both"; readonly plates: readonly Plate[] }
  | { readonly part: "locate"; readonly plates: readonly LocatedPlate[] }
  | { readonly part: "read"; readonly reading: PlateReading };

/**
 * Predicts one picture by a locator, a reader, or a locator with its reader.
 *
 * @param image of 8 bits, red, green and blue
 * @throws {OptionError} for an option of the other part
 */
export async function predictPlates(
  network: PlatesNetwork,
  image: Pixels,
  options: FindPlatesOptions = {},
): Promise<PlatePrediction> {
  const { reader } = network;
  if (reader !== undefined)
    return { part: "both", plates: await findPlates(image, { locator: network, reader }, options) };
  requirePartOptions(network.settings.part, options);
  if (network.settings.part === "locate")
    return { part: "locate", plates: await locatePlates(network, image, options) };
  const [reading] = await readPlates(network, image, [rectangle(image.width, image.height)], options);
  return { part: "read", reading: reading! };
}
