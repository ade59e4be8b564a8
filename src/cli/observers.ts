import type { CompareEvent, CompareJob } from "../lab/compare/node/job.ts";
import { recordComparison, type ReportedComparison } from "../lab/compare/node/record.ts";
import { type MlflowOptions, reportToMlflow } from "../train/node/mlflow.ts";
import { observeForTensorBoard } from "../train/node/tensorboard.ts";
import { type RecordOptions, recordTraining } from "../train/node/record.ts";
import type { TrainingEvent, TrainingResult } from "../train/node/job.ts";
import type { JobObserver } from "../train/observers.ts";
import { say, sayMessage } from "./output.ts";
import { storePlace } from "./store.ts";

/** Options of `train` and `compare` that attach observers. */
export interface ObserverOptions {
  readonly store?: string | false;
  readonly tensorboard?: string;
  readonly mlflow?: string;
}

/** How long a recorder may block the progress line while another process writes; it retries by itself. */
const BUSY_MILLISECONDS = 1_000;

/** Where a run is recorded. @throws {OptionError} if the store's address is not valid */
export function recordOptions({ store }: { readonly store?: string | undefined }): RecordOptions {
  const place = storePlace(store);
  return {
    open: () => place.open({ busyMilliseconds: BUSY_MILLISECONDS }),
    store: place.description,
    unsentFolder: place.project.unsent,
    project: place.project,
    say: sayMessage,
    onStart: (id) =>
      say({ en: `run ${id}: recorded in ${place.description}`, zh: `运行 ${id}：记入 ${place.description}` }),
  };
}

/** The observers that the options of a training run ask for. @throws {OptionError} if an address is not valid */
export function trainingObservers(options: ObserverOptions): readonly JobObserver<TrainingEvent, TrainingResult>[] {
  const { store } = options;
  return [
    ...(store === false ? [] : [recordTraining(recordOptions({ store }))]),
    ...(options.tensorboard === undefined ? [] : [observeForTensorBoard(options.tensorboard)]),
    ...(options.mlflow === undefined
      ? []
      : [reportToMlflow({ url: options.mlflow, ...mlflowEnvironment(), say: sayMessage })]),
  ];
}

/** The environment variables that MLflow's own client reads. */
function mlflowEnvironment(): Pick<MlflowOptions, "experiment" | "authorization"> {
  const {
    MLFLOW_EXPERIMENT_NAME: experiment,
    MLFLOW_TRACKING_TOKEN: token,
    MLFLOW_TRACKING_USERNAME: user,
    MLFLOW_TRACKING_PASSWORD: password = "",
  } = process.env;
  const basic = user === undefined ? undefined : `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const authorization = token === undefined ? basic : `Bearer ${token}`;
  return {
    ...(experiment === undefined ? {} : { experiment }),
    ...(authorization === undefined ? {} : { authorization }),
  };
}

/** The observers that the options of a comparison ask for. */
export function comparisonObservers(
  { store }: ObserverOptions,
  job: CompareJob,
): readonly JobObserver<CompareEvent, ReportedComparison>[] {
  return store === false ? [] : [recordComparison(job, recordOptions({ store }))];
}
