import { type Command, Option } from "commander";
import { type TaskName, taskNameOf, taskNames } from "../tasks/find-task.ts";
import { OptionError } from "../tensor/errors.ts";
import type { AllTaskFlags, TaskCommand } from "./task-flags.ts";

/** `--task` of a command. */
export function taskOption(description: string): Option {
  return new Option("--task <name>", description).choices([...taskNames]);
}

/** `--preset` of a command, with the presets of all tasks. */
export function presetOption(flags: AllTaskFlags): Option {
  return new Option(
    "--preset <name>",
    "a complete recipe, printed at the start; what is typed replaces its parts, --no-NAME its switches (implies its --task)",
  ).choices(taskNames.flatMap((name) => flags[name].presets));
}

/** Adds every task's own options under its heading; an option of several tasks is added once. */
export function addTaskOptions(command: Command, flags: AllTaskFlags, kind: TaskCommand): Command {
  for (const name of taskNames) {
    const known = new Set(command.options.map(({ long }) => long));
    const own = flags[name].options[kind]().filter(({ long }) => !known.has(long));
    if (own.length > 0) command.optionsGroup(flags[name].heading);
    for (const option of own) command.addOption(option);
  }
  return command.optionsGroup("Options:");
}

/**
 * The task that the options of a training run ask for: by name, by a preset or an option that implies it, or the default task.
 *
 * @throws {OptionError} if the preset belongs to another task than is named
 */
export function wantedTask(
  typed: ReadonlySet<string>,
  { task, preset }: { readonly task?: TaskName; readonly preset?: string },
  flags: AllTaskFlags,
): TaskName {
  const owner = preset === undefined ? undefined : taskNames.find((name) => flags[name].presets.includes(preset));
  if (task !== undefined && owner !== undefined && owner !== task)
    throw new OptionError("--preset", `"${preset}" belongs to --task ${owner}, this is --task ${task}; leave one out`);
  const implied = taskNames.find((name) => flags[name].impliedBy.some((option) => typed.has(option)));
  return task ?? owner ?? implied ?? taskNameOf(undefined, "task");
}

/**
 * Refuses options that were typed and belong to other tasks alone.
 *
 * @param typed names of the options that were typed
 * @param tasks the tasks of the networks that the command works on
 * @throws {OptionError} naming the first, and the tasks that it belongs to
 */
export function refuseForeignOptions(
  typed: ReadonlySet<string>,
  {
    tasks,
    flags,
    kind,
  }: { readonly tasks: readonly TaskName[]; readonly flags: AllTaskFlags; readonly kind: TaskCommand },
): void {
  const own = new Set(tasks.flatMap((task) => flags[task].options[kind]().map((option) => option.attributeName())));
  for (const name of taskNames.filter((other) => !tasks.includes(other))) {
    const foreign = flags[name].options[kind]().find((option) => {
      const attribute = option.attributeName();
      return typed.has(attribute) && !own.has(attribute);
    });
    if (foreign === undefined) continue;
    const found = tasks.length === 0 ? "no network is given" : `this is --task ${tasks.join(" and ")}`;
    const hint = kind === "train" ? `; give --task ${name}, too` : "";
    throw new OptionError(foreign.long ?? foreign.flags, `belongs to --task ${name}, ${found}${hint}`);
  }
}
