import type { NetworkCard } from "../networks/card.ts";
import type { TrainedNetwork } from "../networks/open.ts";
import { readSettings, type TaskName, taskNameOf, tasks, type TypesOf } from "./find-task.ts";
import { FormatError } from "../tensor/errors.ts";
import type { TaskNetwork } from "./task.ts";

/** A network opened for its task, whose name determines input and output types. */
export interface LoadedNetwork<Name extends TaskName> {
  readonly task: Name;
  readonly card: NetworkCard;
  readonly settings: TypesOf<Name>["settings"];
  /** Predicts one input. */
  predict(input: TypesOf<Name>["input"], options?: TypesOf<Name>["predictOptions"]): Promise<TypesOf<Name>["output"]>;
  /** Evaluates it on samples with ground truth. */
  judge(
    samples: AsyncIterable<TypesOf<Name>["sample"]> | Iterable<TypesOf<Name>["sample"]>,
    options?: TypesOf<Name>["judgeOptions"],
  ): Promise<TypesOf<Name>["judgement"]>;
  /** Frees the network's memory. Safe to call twice. */
  release(): Promise<void>;
}

/** A network of any task; its `task` says which. */
export type AnyLoadedNetwork = { readonly [Name in TaskName]: LoadedNetwork<Name> }[TaskName];

/**
 * Opens a network for its task; `release` of the result releases its session.
 *
 * @param where the network's file, for errors
 * @param expected the task that it must have been trained for; any if left out
 * @throws {FormatError} if it was trained to do something else, or its settings are damaged
 */
export function loadTask<Name extends TaskName>(
  network: TrainedNetwork,
  where: string,
  expected: Name,
): LoadedNetwork<Name>;
export function loadTask(network: TrainedNetwork, where: string): AnyLoadedNetwork;
export function loadTask(network: TrainedNetwork, where: string, expected?: TaskName): AnyLoadedNetwork {
  return loadAs(network, where, expected ?? taskNameOf(network.card.task, where));
}

function loadAs<Name extends TaskName>(network: TrainedNetwork, where: string, name: Name): LoadedNetwork<Name> {
  const task = tasks[name];
  const settings = readSettings(network.card.task, name, where);
  const opened: TaskNetwork<TypesOf<Name>> = { ...network, settings };
  return {
    task: name,
    card: network.card,
    settings,
    predict: (input, options) => task.predict(opened, input, options),
    judge: (samples, options) => task.judge(opened, samples, options),
    release: () => network.session.release(),
  };
}

/**
 * Opens networks that do a task together, such as a locator and a reader, and joins them into one, which `loadTask` takes.
 *
 * @param parts what each is opened from, by the part that it does
 * @param where what they are of, for errors
 * @throws {FormatError} if one network does the task alone, or a part is missing or does something else
 */
export async function openTogether<Source>(
  parts: Readonly<Record<string, Source>>,
  where: string,
  open: (source: Source, part: string) => Promise<TrainedNetwork>,
): Promise<TrainedNetwork> {
  const opened: Record<string, TrainedNetwork> = {};
  try {
    for (const [part, source] of Object.entries(parts)) opened[part] = await open(source, part);
    return joinNetworks(opened, where);
  } catch (error) {
    for (const { session } of Object.values(opened)) await session.release();
    throw error;
  }
}

function joinNetworks(parts: Readonly<Record<string, TrainedNetwork>>, where: string): TrainedNetwork {
  const [first] = Object.values(parts);
  if (first === undefined) throw new FormatError(where, "has no networks; give one for each part of a task");
  const name = taskNameOf(first.card.task, where);
  const { join } = tasks[name];
  if (join === null)
    throw new FormatError(where, `has several networks, but one does the task ${name} alone; give one`);
  return join(parts, where);
}
