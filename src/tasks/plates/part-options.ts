import { OptionError } from "../../tensor/errors.ts";
import type { LocateOptions } from "./locate.ts";
import type { ReadPlateOptions } from "./read.ts";
import type { PlatePart } from "./settings.ts";

/** Options by the part of the task that they are about. */
const own: { readonly [Part in PlatePart]: readonly (keyof (LocateOptions & ReadPlateOptions))[] } = {
  locate: ["threshold", "longestSide"],
  read: ["grammar"],
};

/** @throws {OptionError} naming an option that is about the part that the network does not do */
export function requirePartOptions(part: PlatePart, options: LocateOptions & ReadPlateOptions): void {
  const foreign = own[part === "read" ? "locate" : "read"].find((name) => options[name] !== undefined);
  if (foreign === undefined) return;
  const [other, verb] = part === "read" ? ["locates", "reads"] : ["reads", "locates"];
  throw new OptionError(foreign, `applies to a network that ${other} plates; this one ${verb} them`);
}
