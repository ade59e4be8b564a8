import { FormatError } from "../tensor/errors.ts";
import { listNames, quote } from "./printable.ts";
import { isPickledTensor, type PickledTensor } from "./pytorch-pickle.ts";

/** Where training scripts keep the weights in a checkpoint, most wanted first; averaged weights only if there are no others. */
const entryNames: readonly string[] = [
  ["state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "weights", "params"],
  ["state_dict_ema", "ema_state_dict", "model_ema", "params_ema", "ema"],
].flat();
const deepest = 4;

/** Put before every name by DataParallel and by torch.compile. */
const wrapperPrefixes: readonly string[] = ["module.", "_orig_mod."];

/**
 * Finds the state dict in what a checkpoint holds: the value itself, or the dictionary that holds it under a usual name.
 *
 * @throws {FormatError} if there is none, naming what is there
 */
export function findStateDict(value: unknown, where: string): ReadonlyMap<string, PickledTensor> {
  let candidate = value;
  for (let depth = 0; depth < deepest && candidate instanceof Map; depth++) {
    const tensors = readStateDict(candidate);
    if (tensors !== undefined) return tensors;
    const entries: ReadonlyMap<unknown, unknown> = candidate;
    const name = entryNames.find((known) => entries.get(known) instanceof Map);
    if (name === undefined) throw refuse(entries, where);
    candidate = entries.get(name);
  }
  throw new FormatError(where, `holds ${describe(candidate)} and no state dict; save one with ${advice}`);
}

const advice = "torch.save(model.state_dict(), path)";

/** Takes off what DataParallel and torch.compile put before every name, and AveragedModel's counter. */
export function stripWrappers<T>(tensors: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  const entries = [...tensors].filter(([name]) => name !== "n_averaged");
  const prefix = wrapperPrefixes.find((known) => entries.every(([name]) => name.startsWith(known)));
  if (prefix === undefined || entries.length === 0) return tensors;
  return stripWrappers(new Map(entries.map(([name, value]) => [name.slice(prefix.length), value])));
}

/** The tensors, if the dictionary holds nothing else; a module's `_extra_state` may be anything. */
function readStateDict(entries: ReadonlyMap<unknown, unknown>): ReadonlyMap<string, PickledTensor> | undefined {
  const tensors = new Map<string, PickledTensor>();
  for (const [name, value] of entries) {
    if (typeof name !== "string") return undefined;
    if (isPickledTensor(value)) tensors.set(name, value);
    else if (!/(^|\.)_extra_state$/.test(name)) return undefined;
  }
  return tensors;
}

function refuse(entries: ReadonlyMap<unknown, unknown>, where: string): FormatError {
  const names = [...entries.keys()].filter((name) => typeof name === "string");
  const stray = [...entries].find(([, value]) => !isPickledTensor(value));
  const mixed = [...entries.values()].some(isPickledTensor);
  if (mixed && stray !== undefined && typeof stray[0] === "string") {
    return new FormatError(
      where,
      `its ${quote(stray[0])} is ${describe(stray[1])}, no tensor; save the weights with ${advice}`,
    );
  }
  return new FormatError(
    where,
    `holds ${listNames(names) || "no names"}, none of them a state dict; save one with ${advice}`,
  );
}

function describe(value: unknown): string {
  if (isPickledTensor(value)) return "one tensor";
  if (value instanceof Map) return "dictionaries within dictionaries";
  if (Array.isArray(value)) return "a list";
  if (value === null || value === undefined) return "nothing";
  return typeof value === "object" ? "another object" : `a ${typeof value}`;
}
