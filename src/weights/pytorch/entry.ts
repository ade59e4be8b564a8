import { FormatError } from "../../tensor/errors.ts";
import { listNames, quote } from "../../tensor/printable.ts";
import { isPickledTensor, type PickledTensor } from "./pickle.ts";

/**
 * Where training scripts keep the weights in a checkpoint, in order of preference; averaged weights only if there are
 * no others.
 */
const entryNames: readonly string[] = [
  ["state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "weights", "params"],
  ["state_dict_ema", "ema_state_dict", "model_ema", "params_ema", "ema"],
].flat();
const deepest = 4;

/** Prefixes added by DataParallel and torch.compile. */
const wrapperPrefixes: readonly string[] = ["module.", "_orig_mod."];

/** A state dict with where it was found. */
export interface FoundStateDict {
  readonly tensors: ReadonlyMap<string, PickledTensor>;
  /** The entries that lead to it, outermost first. */
  readonly entry: readonly string[];
  /** Short texts stored beside it. */
  readonly notes: Readonly<Record<string, string>>;
  /** Every entry that is a state dict, as a path such as "model → ema"; none if the file is one. */
  readonly entries: readonly string[];
}

/**
 * Finds the state dict in a checkpoint: the value itself, or an entry with a usual name.
 *
 * @param wanted the entry to take instead, such as "state_dict_ema", wherever it is
 * @throws {FormatError} if there is none, naming what is there
 */
export function findStateDict(value: unknown, where: string, wanted?: string): FoundStateDict {
  let candidate = value;
  let notes: Readonly<Record<string, string>> = {};
  const path: string[] = [];
  while (path.length < deepest && candidate instanceof Map) {
    const tensors = readStateDict(candidate);
    const isWanted = wanted === undefined || path.includes(wanted);
    if (tensors !== undefined && isWanted) return { tensors, entry: path, notes, entries: listEntries(value) };
    const entries: ReadonlyMap<unknown, unknown> = candidate;
    const names = isWanted ? entryNames : [wanted, ...entryNames];
    const name = names.find((known) => entries.get(known) instanceof Map);
    if (name === undefined) throw isWanted ? refuse(entries, where) : refuseEntry(value, where, wanted);
    notes = { ...notes, ...readNotes(entries) };
    path.push(name);
    candidate = entries.get(name);
  }
  if (wanted !== undefined && !path.includes(wanted)) throw refuseEntry(value, where, wanted);
  throw new FormatError(where, `holds ${describe(candidate)} and no state dict; save one with ${advice}`);
}

const advice = "torch.save(model.state_dict(), path)";

const mostEntries = 64;

/** The entries of a checkpoint that are state dicts. */
function listEntries(value: unknown, path: readonly string[] = [], found: string[] = []): readonly string[] {
  if (!(value instanceof Map) || path.length > deepest || found.length >= mostEntries) return found;
  const tensors = readStateDict(value);
  if (tensors !== undefined && tensors.size > 0) {
    if (path.length > 0) found.push(path.join(" → "));
    return found;
  }
  for (const [name, inner] of value) if (typeof name === "string") listEntries(inner, [...path, name], found);
  return found;
}

function refuseEntry(value: unknown, where: string, wanted: string): FormatError {
  const entries = listEntries(value);
  const holds =
    entries.length === 0
      ? "it is one state dict without entries; leave `entry` out"
      : `those are ${listNames(entries)}; give the last part of one`;
  return new FormatError(where, `has no entry ${quote(wanted)} of weights: ${holds}`);
}

/** Removes the prefixes of DataParallel and torch.compile, and AveragedModel's counter. */
export function unwrapNames<T>(tensors: ReadonlyMap<string, T>): {
  readonly tensors: ReadonlyMap<string, T>;
  readonly prefix: string;
} {
  const entries = [...tensors].filter(([name]) => name !== "n_averaged");
  const prefix = wrapperPrefixes.find((known) => entries.every(([name]) => name.startsWith(known)));
  if (prefix === undefined || entries.length === 0) return { tensors, prefix: "" };
  const inner = unwrapNames(new Map(entries.map(([name, value]) => [name.slice(prefix.length), value])));
  return { tensors: inner.tensors, prefix: prefix + inner.prefix };
}

const longestNote = 200;

/** Texts beside a state dict, such as the name of the architecture. */
function readNotes(entries: ReadonlyMap<unknown, unknown>): Readonly<Record<string, string>> {
  const texts = [...entries].filter(([name, value]) => typeof name === "string" && typeof value === "string");
  const short = (texts as [string, string][]).filter(([name, value]) => name.length + value.length <= longestNote);
  return Object.fromEntries(short.slice(0, longestNote));
}

/**
 * Keeps the names with a prefix, which is removed.
 *
 * @throws {FormatError} that names the prefixes there are
 */
export function takePrefix<T>(tensors: ReadonlyMap<string, T>, wanted: string, where: string): ReadonlyMap<string, T> {
  const prefix = wanted === "" || wanted.endsWith(".") ? wanted : `${wanted}.`;
  const under = [...tensors].filter(([name]) => name.startsWith(prefix));
  if (under.length > 0) return new Map(under.map(([name, value]) => [name.slice(prefix.length), value]));
  const first = new Set([...tensors.keys()].flatMap((name) => /^[^.]+\.(?=.)/.exec(name)?.[0] ?? []));
  throw new FormatError(
    where,
    `has no names with the prefix ${quote(prefix)}; its names begin with ${listNames([...first])}`,
  );
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
      `its ${quote(stray[0])} is ${describe(stray[1])}, not a tensor; save the weights with ${advice}`,
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
