import { OptionError } from "../../tensor/errors.ts";
import type { FindPlatesOptions } from "./find-plates.ts";
import type { PlatePart } from "./settings.ts";

/** Options by the part of the task that they are about; one of both parts needs both networks. */
const own: { readonly [Part in PlatePart | "both"]: readonly (keyof FindPlatesOptions)[] } = {
  locate: ["threshold", "longestSide"],
  read: ["grammar"],
  both: ["legibility", "closeUps"],
};

/** @throws {OptionError} naming an option that is about the part that the network does not do */
export function requirePartOptions(part: PlatePart, options: FindPlatesOptions): void {
  const [other, verb] = part === "read" ? ["locates", "reads"] : ["reads", "locates"];
  const foreign = own[part === "read" ? "locate" : "read"].find((name) => options[name] !== undefined);
  if (foreign !== undefined)
    throw new OptionError(foreign, `applies to a network that ${other} plates; this one ${verb} them`);
  const joint = own.both.find((name) => options[name] !== undefined);
  if (joint !== undefined) throw new OptionError(joint, `applies to a locator with a reader; this one ${verb} plates`);
}
