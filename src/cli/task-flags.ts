import type { ComputeOptions } from "./options.ts";
import type { Command, Option } from "commander";
import type { TrainedNetwork } from "../networks/open.ts";
import type { Report } from "../report/report.ts";
import { type TaskName, taskNames } from "../tasks/find-task.ts";
import type { CheckpointNotes } from "../train/checkpoint.ts";
import type { Evaluation } from "../train/evaluation.ts";
import type { FreshTraining } from "../train/node/job.ts";
import type { TrainingChoice } from "../tasks/node/node-task.ts";
import type { ReadyUse } from "./model-file.ts";
import type { OptionValues } from "./recipe-flags.ts";
import type { Words } from "../report/words.ts";

/** A fresh training run, as far as the options shared by all tasks define it. */
export interface TypedTraining extends TrainingChoice<OptionValues> {
  /** Names of the options that were typed. */
  readonly typed: ReadonlySet<string>;
}

/** A network to evaluate, and on what. */
export interface EvaluationRequest {
  readonly model: string;
  /** A data set's name or a folder; by default, the network's own data. */
  readonly data?: string;
  readonly limit?: number;
  readonly json: boolean;
  readonly options: OptionValues;
}

/** Images to predict from. */
export interface PredictionRequest {
  readonly model: string;
  /** The ready network, if it is one. */
  readonly ready?: ReadyUse;
  readonly paths: readonly string[];
  readonly json: boolean;
  readonly options: OptionValues;
}

/** A network to write a page about. */
export interface ReportRequest extends ComputeOptions {
  readonly data?: string;
  readonly limit?: number;
  /** How many of its worst mistakes are shown. */
  readonly mistakes: number;
  readonly store?: string | false;
  readonly options: OptionValues;
}

/** Commands whose options depend on the task. */
export type TaskCommand = "train" | "evaluate" | "predict" | "report";

/**
 * How the command line treats a task. `tasks/NAME.ts` exports it as `flags`; everything else that a command does is the
 * same for all tasks.
 */
export interface TaskFlags {
  /** Heading of the task's options in the help. */
  readonly heading: string;
  /** The task's own options, created anew for each command. */
  readonly options: { readonly [Kind in TaskCommand]: () => readonly Option[] };
  /** Names of the task's presets. One asks for the task without naming it. */
  readonly presets: readonly string[];
  /** Options of `train` that ask for the task without naming it. */
  readonly impliedBy: readonly string[];
  /** Assembles a fresh training run. @throws {OptionError} for options that contradict each other */
  readonly startTraining: (typed: TypedTraining) => FreshTraining | Promise<FreshTraining>;
  /** The task's own options of `train`, read from a checkpoint; undefined for an option without a value. */
  readonly optionsOf: (notes: CheckpointNotes) => OptionValues;
  /** The line about the test, printed at the end of a training run. */
  readonly describeTest: (test: Evaluation) => Words;
  readonly evaluate: (network: TrainedNetwork, request: EvaluationRequest) => Promise<void>;
  readonly predict: (network: TrainedNetwork, request: PredictionRequest) => Promise<void>;
  /** Creates a page about a network, and its figures for `--json`. */
  readonly report: (
    model: string,
    request: ReportRequest,
  ) => Promise<{ readonly report: Report; readonly json: object }>;
  /** Adds commands under `residua data` that create data for the task. */
  readonly addDataCommands?: (data: Command) => void;
}

/** The flags of every task. */
export type AllTaskFlags = { readonly [Name in TaskName]: TaskFlags };

/** Loads the flags of one task. */
async function loadTaskFlags(name: TaskName): Promise<TaskFlags> {
  return ((await import(`./tasks/${name}.ts`)) as { readonly flags: TaskFlags }).flags;
}

/** Loads the flags of all tasks. */
export async function loadAllTaskFlags(): Promise<AllTaskFlags> {
  const rows = taskNames.map(async (name) => [name, await loadTaskFlags(name)] as const);
  return Object.fromEntries(await Promise.all(rows)) as { [Name in TaskName]: TaskFlags };
}
