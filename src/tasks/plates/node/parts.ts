import { join } from "node:path";
import { isFolder } from "../../../files/node.ts";
import { permutation, randomStream } from "../../../tensor/random.ts";
import { OptionError } from "../../../tensor/errors.ts";
import type { PlatePart } from "../settings.ts";
import { listPlates, type PlateFile } from "./folder.ts";
import { DRAWN } from "./start.ts";

/** The parts of a folder's pictures. */
export interface Parts {
  readonly train: readonly PlateFile[];
  readonly validation: readonly PlateFile[];
  readonly test: readonly PlateFile[];
}

const textsOf = (files: readonly PlateFile[]): readonly string[] =>
  files.flatMap(({ plates }) => plates.flatMap(({ text }) => text ?? []));

/** @throws {OptionError} naming a plate that two parts share */
function requireDisjoint(train: readonly PlateFile[], other: readonly PlateFile[], what: string): void {
  const known = new Set(textsOf(train));
  const shared = textsOf(other).find((text) => known.has(text));
  if (shared !== undefined)
    throw new OptionError(
      "data",
      `has the plate ${shared} both in train and in ${what}; a plate must be in one part alone`,
    );
}

/** Splits by plate, so that pictures of one plate stay together. */
function splitByPlate(files: readonly PlateFile[], share: number, seed: number): Pick<Parts, "train" | "validation"> {
  if (!(share >= 0 && share < 1)) throw new OptionError("validation", `must be in [0, 1), got ${share}`);
  const keyOf = (file: PlateFile): string => textsOf([file]).toSorted()[0] ?? file.path;
  const keys = [...new Set(files.map(keyOf))].toSorted();
  const order = permutation(randomStream(seed, "validation split"), keys.length);
  const held = new Set(Array.from(order.slice(0, Math.round(keys.length * share)), (place) => keys[place]));
  const validation = files.filter((file) => held.has(keyOf(file)));
  const kept = new Set(textsOf(validation));
  // A picture of several plates may share one of them.
  const train = files.filter((file) => !held.has(keyOf(file)) && textsOf([file]).every((text) => !kept.has(text)));
  return { train, validation };
}

/**
 * The pictures of a folder by what they are for: `train/` and `test/` as they are, or all of them to train on; some plates, with
 * all their pictures, are held out for validation.
 *
 * @param share of the plates that are held out, 0 to 1; equal shares and seeds hold out the same plates
 * @throws {OptionError} naming a plate that is in both parts, or a share out of its range
 */
export async function listParts(
  data: string,
  { part, share, seed }: { readonly part: PlatePart; readonly share: number; readonly seed: number },
): Promise<Parts> {
  if (data === DRAWN) return { train: [], validation: [], test: [] };
  const options = { needsText: part === "read" };
  if ((await isFolder(join(data, "train"))) && (await isFolder(join(data, "test")))) {
    const [all, test] = [await listPlates(join(data, "train"), options), await listPlates(join(data, "test"), options)];
    requireDisjoint(all, test, "test");
    return { ...splitByPlate(all, share, seed), test };
  }
  return { ...splitByPlate(await listPlates(data, options), share, seed), test: [] };
}
