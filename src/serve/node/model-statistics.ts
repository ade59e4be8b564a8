import type { Timing } from "./work.ts";

/** A duration of the statistics extension. */
export interface Duration {
  count: number;
  /** Nanoseconds in all. */
  ns: number;
}

/** What has been counted of a model's version. */
export interface ModelStatistics {
  /** Milliseconds since 1970 of the last inference; 0 if there was none. */
  lastInference: number;
  /** Samples inferred. */
  inferences: number;
  /** Runs, each of one or more requests. */
  executions: number;
  readonly success: Duration;
  readonly fail: Duration;
  readonly queue: Duration;
  readonly compute: Duration;
  /** By the number of samples of the run. */
  readonly batches: Map<number, Duration>;
}

/** Statistics of which nothing has been counted yet. */
export function createStatistics(): ModelStatistics {
  const none = (): Duration => ({ count: 0, ns: 0 });
  return {
    lastInference: 0,
    inferences: 0,
    executions: 0,
    success: none(),
    fail: none(),
    queue: none(),
    compute: none(),
    batches: new Map(),
  };
}

function add(duration: Duration, milliseconds: number, count = 1): void {
  duration.count += count;
  duration.ns += Math.round(milliseconds * 1e6);
}

/** Counts an answered request. @param samples of the request itself */
export function countSuccess(statistics: ModelStatistics, samples: number, { queued, computed, batch }: Timing): void {
  statistics.lastInference = Date.now();
  statistics.inferences += samples;
  // A run of several requests is counted by each of them in part.
  statistics.executions += samples / batch;
  add(statistics.success, queued + computed);
  add(statistics.queue, queued);
  add(statistics.compute, computed);
  const batches = statistics.batches.get(batch) ?? { count: 0, ns: 0 };
  add(batches, (computed * samples) / batch, samples / batch);
  statistics.batches.set(batch, batches);
}

/** Counts a request that was not answered. */
export function countFailure(statistics: ModelStatistics, milliseconds: number): void {
  add(statistics.fail, milliseconds);
}

/** As the statistics extension says it. */
export function describeStatistics(name: string, version: string, statistics: ModelStatistics): unknown {
  const { lastInference, inferences, executions, success, fail, queue, compute, batches } = statistics;
  const none = { count: 0, ns: 0 };
  return {
    name,
    version,
    last_inference: lastInference,
    inference_count: inferences,
    execution_count: Math.round(executions),
    inference_stats: {
      success,
      fail,
      queue,
      compute_input: { ...none, count: compute.count },
      compute_infer: compute,
      compute_output: { ...none, count: compute.count },
    },
    batch_stats: Array.from(batches, ([batch, { count, ns }]) => ({
      batch_size: batch,
      compute_input: none,
      compute_infer: { count: Math.round(count), ns },
      compute_output: none,
    })).toSorted((a, b) => a.batch_size - b.batch_size),
  };
}
