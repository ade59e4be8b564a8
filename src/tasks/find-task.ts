import { checkPlainData, describeFailure } from "../files/schema.ts";
import type { TaskNotes } from "../networks/card.ts";
import { FormatError } from "../tensor/errors.ts";
import * as table from "./table.ts";
import type { Measure } from "../train/measure.ts";
import type { Task } from "./task.ts";

/** A task's name. */
export type TaskName = keyof typeof table;

/** The types of a task by its name. */
export type TypesOf<Name extends TaskName> = (typeof table)[Name] extends Task<Name, infer T> ? T : never;

/** Every task by its name; a row under another name than its own does not compile. */
export const tasks: { readonly [Name in TaskName]: Task<Name, TypesOf<Name>> } = table;

/** Names of the tasks. */
export const taskNames: readonly TaskName[] = Object.keys(table) as TaskName[];

/** The task of a card and of a training that name none. */
export type StandardTaskName = (typeof tasks.classify)["name"];

/** What a card without a task means. */
const standardTask: TaskNotes = { name: tasks.classify.name };

/**
 * The name of the task in a card or a job; classification if there is none.
 *
 * @param where what the task is of, for errors
 * @throws {FormatError} if it is not known
 */
export function taskNameOf(notes: TaskNotes | undefined, where: string): TaskName {
  const { name } = notes ?? standardTask;
  const found = taskNames.find((known) => known === name);
  if (found !== undefined) return found;
  throw new FormatError(where, `has the task "${name}", which is not known here; known are ${taskNames.join(", ")}`);
}

/**
 * Checks the settings of a task.
 *
 * @param where what they are of, for errors
 * @throws {FormatError} if they are damaged, or of another task than the one that is expected
 */
export function readSettings<Name extends TaskName>(
  notes: TaskNotes | undefined,
  expected: Name,
  where: string,
): TypesOf<Name>["settings"] {
  const name = taskNameOf(notes, where);
  if (name !== expected)
    throw new FormatError(where, `was trained to ${name}; give a network that was trained to ${expected}`);
  return checkPlainData(
    tasks[expected].settings,
    notes ?? standardTask,
    (failure) => new FormatError(where, describeFailure(failure)),
  );
}

/**
 * The measures of a task in a card or a job, the main one first.
 *
 * @param where what the task is of, for errors
 * @throws {FormatError} if the task is not known, or its settings are damaged
 */
export function measuresOf(notes: TaskNotes | undefined, where: string): readonly [Measure, ...Measure[]] {
  return measuresAs(taskNameOf(notes, where), notes, where);
}

function measuresAs<Name extends TaskName>(
  name: Name,
  notes: TaskNotes | undefined,
  where: string,
): readonly [Measure, ...Measure[]] {
  return tasks[name].measures(readSettings(notes, name, where));
}
