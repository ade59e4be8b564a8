import { describeChoices } from "../tensor/choices.ts";
import { OptionError } from "../tensor/errors.ts";
import { isBareName, type ReadyIndex, type ReadyNetwork } from "./ready-network.ts";

const namesOf = ({ networks }: ReadyIndex): readonly string[] => networks.map(({ name }) => name);

/** The ready network of a name, if there is one. */
export function findReady({ networks }: ReadyIndex, name: string): ReadyNetwork | undefined {
  return networks.find((network) => network.name === name);
}

/** Whether a family of networks knows this name, such as "resnet20": it has a structure and no weights. */
async function isFamilyName(name: string): Promise<boolean> {
  // All families are much to load, and asked for only where something is wrong.
  const { findModelPlan } = await import("../nn/models.ts");
  try {
    findModelPlan(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * The ready network that a bare name must be.
 *
 * @param field what the name was given as, for errors
 * @throws {OptionError} if it is the name of a network without weights, or of none
 */
export async function requireReady(index: ReadyIndex, name: string, field: string): Promise<ReadyNetwork> {
  const found = findReady(index, name);
  if (found !== undefined) return found;
  const names = namesOf(index);
  if (!isBareName(name))
    throw new OptionError(field, `"${name}" is not a ready network: ${describeChoices(name, names)}`);
  if (await isFamilyName(name))
    throw new OptionError(
      field,
      `"${name}" is a kind of network and has no weights; give a trained file, or a ready network: ${names.join(", ")}`,
    );
  throw new OptionError(
    field,
    `"${name}" is neither a file nor a ready network: ${describeChoices(name, names)}; a file has an ending or a slash`,
  );
}

/**
 * The ready network that does a task when none is named: the first of that task.
 *
 * @throws {OptionError} if there is none
 */
export function standardReady(index: ReadyIndex, task: string, field: string): ReadyNetwork {
  const found = index.networks.find((network) => network.task === task);
  if (found !== undefined) return found;
  throw new OptionError(
    field,
    `is required: the package has no ready network for the task ${task}; train one and give it`,
  );
}
