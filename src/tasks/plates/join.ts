import { checkPlainData, describeFailure } from "../../files/schema.ts";
import type { TrainedNetwork } from "../../networks/open.ts";
import { FormatError } from "../../tensor/errors.ts";
import type { PlatesNetwork } from "./network.ts";
import { type PlatePart, type PlateSettings, plateSettings } from "./settings.ts";

const verbs = { locate: "locates plates", read: "reads plates" } as const;

/** @throws {FormatError} if a network does another part of the task, or another task */
function requirePart({ card: { task } }: TrainedNetwork, part: PlatePart, where: string): PlateSettings {
  if (task?.name !== "plates")
    throw new FormatError(where, `was trained to ${task?.name ?? "classify"}, must be one that ${verbs[part]}`);
  const settings = checkPlainData(plateSettings, task, (failure) => new FormatError(where, describeFailure(failure)));
  if (settings.part !== part)
    throw new FormatError(where, `${verbs[settings.part]}, must be a network that ${verbs[part]}`);
  return settings;
}

/**
 * Joins a locator and a reader into one network that finds plates and reads them. Its card and settings are the locator's;
 * releasing its session releases both.
 *
 * @param where what the two are of, for errors
 * @throws {FormatError} naming a part that is missing, is one too many, or does something else
 */
export function joinPlateNetworks(parts: Readonly<Record<string, TrainedNetwork>>, where: string): PlatesNetwork {
  const { locator, reader, ...others } = parts;
  if (locator === undefined || reader === undefined || Object.keys(others).length > 0)
    throw new FormatError(where, `has the parts ${Object.keys(parts).join(", ")}, must have locator and reader`);
  const settings = requirePart(locator, "locate", `${where}, locator`);
  requirePart(reader, "read", `${where}, reader`);
  const release = async (): Promise<void> => {
    await locator.session.release();
    await reader.session.release();
  };
  return { card: locator.card, settings, session: { ...locator.session, release }, reader };
}
