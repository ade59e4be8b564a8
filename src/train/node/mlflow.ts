import { parseServerUrl } from "../../files/node/server-url.ts";
import { errorMessage, OptionError, ResiduaError } from "../../tensor/errors.ts";
import type { JobObserver, JobOutcome } from "../observers.ts";
import { finalMetrics, type Metrics, metricsOf } from "./metrics.ts";
import type { TrainingEvent, TrainingResult, TrainingStart } from "./job.ts";

/** Where and how runs are reported. */
export interface MlflowOptions {
  /** The address of the tracking server, such as http://localhost:5000. */
  readonly url: string;
  /** The experiment, created if missing. Default "residua". */
  readonly experiment?: string;
  /** Sent with every request as its Authorization; never shown. */
  readonly authorization?: string;
  /** Called once when the server is unreachable. */
  readonly say: (message: string) => void;
  readonly timing?: Partial<Timing>;
}

interface Timing {
  /** The delay between deliveries, and after a failed one. */
  readonly pause: number;
  readonly request: number;
  /** The time limit for delivering everything left at the end. */
  readonly finish: number;
}

const standardTiming: Timing = { pause: 1_000, request: 5_000, finish: 15_000 };
/** The server's limits per request. */
const BATCH = 1_000;
const PARAMETERS = 100;
/** The most to buffer while the server is unreachable. */
const LARGEST_BACKLOG = 1_000_000;

interface MetricPoint {
  readonly key: string;
  /** JSON has no NaN; the server reads these words. */
  readonly value: number | "NaN" | "Infinity" | "-Infinity";
  readonly timestamp: number;
  readonly step: number;
}

/** The server rejected a request; retrying would not help. */
class RefusedError extends ResiduaError {
  override readonly name = "RefusedError";
}

/**
 * Reports a training run to an MLflow tracking server through its REST API: parameters, metrics per step and epoch, and
 * how it ended. While the server is unreachable, events are buffered and sent later; training never waits for it.
 *
 * @throws {OptionError} if the address is invalid
 * @source MLflow REST API 2.0
 */
export function reportToMlflow(options: MlflowOptions): JobObserver<TrainingEvent, TrainingResult> {
  const { say } = options;
  const timing = { ...standardTiming, ...options.timing };
  const request = createClient(options, timing.request);
  const backlog: MetricPoint[] = [];
  let start: TrainingStart | undefined;
  let run: string | undefined;
  let step = 0;
  let refusal: unknown;
  const ending = new AbortController();
  let isAway = false;
  let wake: () => void = () => {};

  const add = (metrics: Metrics): void => {
    if (refusal !== undefined) throw refusal as Error;
    const timestamp = Date.now();
    for (const [key, value] of Object.entries(metrics)) backlog.push({ key, value: toWord(value), timestamp, step });
    if (backlog.length > LARGEST_BACKLOG) throw new ResiduaError("MLflow", "the server was away for too long");
  };
  const deliver = async (): Promise<void> => {
    run ??= await createRun(request, options.experiment ?? "residua", start!);
    while (backlog.length > 0) {
      const metrics = backlog.slice(0, BATCH);
      await request("POST", "runs/log-batch", { run_id: run, metrics });
      backlog.splice(0, metrics.length);
    }
  };
  const attempt = async (): Promise<boolean> => {
    try {
      await deliver();
      if (isAway) say("MLflow: the server is back; everything was sent");
      isAway = false;
      return true;
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      if (!isAway) say(`MLflow: ${errorMessage(error)}; keeping what happens, to send it later`);
      isAway = true;
      return false;
    }
  };
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, timing.pause);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const work = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      await attempt();
      if (!ending.signal.aborted) await pause();
    }
  };
  let working: Promise<void> | undefined;

  const conclude = async (outcome: JobOutcome<TrainingResult>): Promise<void> => {
    await working;
    const end = Date.now() + timing.finish;
    while (!(await attempt())) {
      if (Date.now() > end) throw new ResiduaError("MLflow", `${backlog.length} metrics could not be sent`);
      await pause();
    }
    await request("POST", "runs/update", { run_id: run, status: statusOf(outcome), end_time: Date.now() });
  };

  return {
    name: "MLflow",
    observe: (event) => {
      if (event.kind === "start") {
        start = event.start;
        step = start.notes.place.step;
        working = work().catch((error: unknown) => {
          refusal = error;
        });
      }
      if (event.kind === "step") step = event.progress.step;
      add(metricsOf(event));
    },
    finish: async (outcome) => {
      if (start === undefined) return;
      if ("result" in outcome) add(finalMetrics(outcome.result));
      ending.abort();
      wake();
      await conclude(outcome);
    },
  };
}

function toWord(value: number): MetricPoint["value"] {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

function statusOf(outcome: JobOutcome<TrainingResult>): string {
  if ("error" in outcome) return "FAILED";
  const { status } = outcome.result;
  if (status === "diverged") return "FAILED";
  return status === "stopped" ? "KILLED" : "FINISHED";
}

type Request = (method: "GET" | "POST", path: string, body: Readonly<Record<string, unknown>>) => Promise<unknown>;

function createClient({ url, authorization }: MlflowOptions, milliseconds: number): Request {
  const base = parseAddress(url);
  const ownAuthorization =
    base.username === ""
      ? authorization
      : `Basic ${Buffer.from(`${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`).toString("base64")}`;
  const root = `${base.origin}${base.pathname.replace(/\/$/, "")}/api/2.0/mlflow/`;
  return async (method, path, body) => {
    const query = method === "GET" ? `?${new URLSearchParams(body as Record<string, string>).toString()}` : "";
    let response: Response;
    try {
      response = await fetch(`${root}${path}${query}`, {
        method,
        headers: {
          "content-type": "application/json",
          ...(ownAuthorization === undefined ? {} : { authorization: ownAuthorization }),
        },
        signal: AbortSignal.timeout(milliseconds),
        ...(method === "GET" ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw new ResiduaError(base.host, "cannot be reached", { cause });
    }
    if (response.ok) return response.json();
    const words = `answered ${response.status} to ${path}`;
    await response.body?.cancel();
    if (response.status >= 500 || response.status === 429) throw new ResiduaError(base.host, words);
    throw new RefusedError(base.host, words);
  };
}

function parseAddress(text: string): URL {
  const url = parseServerUrl(text, "url", "http://localhost:5000");
  if (!/^https?:$/.test(url.protocol)) throw new OptionError("url", "must be like http://localhost:5000");
  return url;
}

/** Starts a run, creating the experiment if needed. @returns the run's id */
async function createRun(request: Request, name: string, start: TrainingStart): Promise<string> {
  const experiment = await findExperiment(request, name);
  const { network, recipe, data, engine } = start.notes;
  const { run } = (await request("POST", "runs/create", {
    experiment_id: experiment,
    run_name: `${network.model.name} ${network.model.options.shortcut}`,
    start_time: Date.now(),
    tags: [{ key: "mlflow.source.name", value: "residua train" }],
  })) as { readonly run: { readonly info: { readonly run_id: string } } };
  const id = run.info.run_id;
  const params = flatten({ model: network.model, data: { name: network.data, ...data }, recipe, engine });
  await request("POST", "runs/log-batch", { run_id: id, params: params.slice(0, PARAMETERS) });
  return id;
}

async function findExperiment(request: Request, name: string): Promise<string> {
  try {
    const found = (await request("GET", "experiments/get-by-name", { experiment_name: name })) as {
      readonly experiment: { readonly experiment_id: string };
    };
    return found.experiment.experiment_id;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const made = (await request("POST", "experiments/create", { name })) as { readonly experiment_id: string };
    return made.experiment_id;
  }
}

interface Parameter {
  readonly key: string;
  readonly value: string;
}

/** `{ recipe: { lr: 1 } }` → `recipe.lr = 1` */
function flatten(value: object, prefix = ""): readonly Parameter[] {
  return Object.entries(value).flatMap(([name, entry]: readonly [string, unknown]): readonly Parameter[] => {
    const key = `${prefix}${name}`;
    return typeof entry === "object" && entry !== null ? flatten(entry, `${key}.`) : [{ key, value: String(entry) }];
  });
}
