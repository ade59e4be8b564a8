import type { Command, Option } from "commander";
import type { TrainedNetwork } from "../networks/open.ts";
import type { Report } from "../report/report.ts";
import { type TaskName, taskNames } from "../tasks/find-task.ts";
import type { CheckpointNotes } from "../train/checkpoint.ts";
import type { Evaluation } from "../train/evaluation.ts";
import type { FreshTraining } from "../train/node/job.ts";
import type { TrainingChoice } from "../tasks/node/node-task.ts";
import type { OptionValues } from "./recipe-flags.ts";

/** A training from the start, as far as options that all tasks share say it. */
export interface TypedTraining extends TrainingChoice<OptionValues> {
  /** Names of the options that were typed. */
  readonly typed: ReadonlySet<string>;
}

/** A network to evaluate, and on what. */
export interface EvaluationRequest {
  readonly model: string;
  /** A data set's name or a folder; the network's own data if left out. */
  readonly data?: string;
  readonly limit?: number;
  readonly json: boolean;
  readonly options: OptionValues;
}

/** Images to predict from. */
export interface PredictionRequest {
  readonly model: string;
  readonly paths: readonly string[];
  readonly json: boolean;
  readonly options: OptionValues;
}

/** A network to write a page about. */
export interface ReportRequest {
  readonly data?: string;
  readonly limit?: number;
  readonly threads?: number;
  /** How many of its worst mistakes are shown. */
  readonly mistakes: number;
  readonly store?: string | false;
  readonly options: OptionValues;
}

/** Commands whose options depend on the task. */
export type TaskCommand = "train" | "evaluate" | "predict" | "report";

/**
 * What the command line asks and says about a task. The file of the task's name exports it as `flags`; whatever else a
 * command does is the same for all tasks.
 */
export interface TaskFlags {
  /** Over the task's options in the help. */
  readonly heading: string;
  /** The options that the task has of its own, made anew for each command. */
  readonly options: { readonly [Kind in TaskCommand]: () => readonly Option[] };
  /** Options of `train` that ask for the task without naming it. */
  readonly impliedBy: readonly string[];
  /** What a training from the start is made of. @throws {OptionError} for options that contradict each other */
  readonly startTraining: (typed: TypedTraining) => FreshTraining;
  /** The task's own options of `train` as a checkpoint has them; undefined for one that has no value. */
  readonly optionsOf: (notes: CheckpointNotes) => OptionValues;
  /** What is printed about the test at the end of a training. */
  readonly describeTest: (test: Evaluation) => string;
  readonly evaluate: (network: TrainedNetwork, request: EvaluationRequest) => Promise<void>;
  readonly predict: (network: TrainedNetwork, request: PredictionRequest) => Promise<void>;
  /** A page about a network, and its figures for `--json`. */
  readonly report: (
    model: string,
    request: ReportRequest,
  ) => Promise<{ readonly report: Report; readonly json: object }>;
  /** Adds commands under `residua data` that make data for the task. */
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
