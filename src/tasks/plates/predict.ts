import { type LocatedPlate, type LocateOptions, locatePlates } from "./locate.ts";
import type { PlatesNetwork } from "./network.ts";
import { type Reading, type ReadPlateOptions, readStraightened } from "./read.ts";
import { rectangle } from "./geometry.ts";
import { requirePartOptions } from "./part-options.ts";
import { type Pixels, straighten } from "./straighten.ts";

/** What one network says of a picture: where plates are, or, of a picture of one plate alone, what it says. */
export type PlatePrediction =
  | { readonly part: "locate"; readonly plates: readonly LocatedPlate[] }
  | { readonly part: "read"; readonly reading: Reading };

/**
 * Predicts one picture by one of the two networks; `findPlates` takes both.
 *
 * @param image of 8 bits, red, green and blue
 * @throws {OptionError} for an option of the other part
 */
export async function predictPlates(
  network: PlatesNetwork,
  image: Pixels,
  options: LocateOptions & ReadPlateOptions = {},
): Promise<PlatePrediction> {
  requirePartOptions(network.settings.part, options);
  if (network.settings.part === "locate")
    return { part: "locate", plates: await locatePlates(network, image, options) };
  const straight = straighten(image, rectangle(image.width, image.height))!;
  const [reading] = await readStraightened(network, [straight], options);
  return { part: "read", reading };
}
