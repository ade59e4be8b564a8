import { createHash } from "node:crypto";
import { encodeJson } from "./json.ts";
import type { ArtifactRow, MetricRow } from "./schema.ts";

/** The status of a run. A crashed run ended silently: its process is gone. */
export type RunStatus = "running" | "done" | "stopped" | "diverged" | "crashed";

export const runStatuses: readonly RunStatus[] = ["running", "done", "stopped", "diverged", "crashed"];

/** The inputs of a run. */
export interface RunStart {
  /** The command that makes it, such as "train". */
  readonly command: string;
  /** Its display name. */
  readonly name: string;
  /** Everything that determines the outcome: equal configurations are the same experiment. */
  readonly config: unknown;
  readonly seed?: number;
  /** Versions and commit of the code. */
  readonly code: unknown;
  /** Machine and system software. */
  readonly environment: unknown;
  /** The run whose checkpoint it resumes. */
  readonly parentId?: string;
  /** Its output folder. */
  readonly folder?: string;
}

/** One value of a metric. */
export interface MetricPoint {
  /** Such as "loss" or "validation/accuracy". */
  readonly name: string;
  /** Steps done. */
  readonly step: number;
  readonly epoch?: number;
  readonly value: number;
}

/** A summary of a metric, known without reading it. */
export interface MetricSummary {
  readonly count: number;
  readonly step: number;
  readonly last: number;
  /** Over the values that are numbers; NaN if there are none. */
  readonly least: number;
  readonly greatest: number;
}

export type RunSummary = Readonly<Record<string, MetricSummary>>;

/** A run as shown to people and programs. */
export interface Run {
  readonly id: string;
  readonly command: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly tags: readonly string[];
  readonly config: unknown;
  readonly configHash: string;
  readonly seed: number | null;
  readonly code: unknown;
  readonly environment: unknown;
  readonly parentId: string | null;
  readonly folder: string | null;
  readonly host: string;
  /** In the format of ISO 8601. */
  readonly startedAt: string;
  readonly heartbeatAt: string;
  readonly endedAt: string | null;
  readonly steps: number;
  readonly summary: RunSummary;
  readonly result: unknown;
  readonly reason: string | null;
}

/** SHA-256 of a configuration, whatever the order of its keys. */
export function hashConfiguration(config: unknown): string {
  return createHash("sha256").update(encodeJson(config)).digest("hex");
}

/** Adds points to metric summaries. */
export function extendSummary(
  summary: RunSummary,
  points: readonly Pick<MetricPoint, "name" | "step" | "value">[],
): RunSummary {
  const next: Record<string, MetricSummary> = { ...summary };
  for (const { name, step, value } of points) {
    const before = Object.hasOwn(next, name) ? next[name] : undefined;
    const pick = (choose: (a: number, b: number) => number, known: number | undefined): number =>
      known === undefined || Number.isNaN(known) ? value : Number.isNaN(value) ? known : choose(known, value);
    const isLatest = before === undefined || step >= before.step;
    next[name] = {
      count: (before?.count ?? 0) + 1,
      step: isLatest ? step : before.step,
      last: isLatest ? value : before.last,
      least: pick(Math.min, before?.least),
      greatest: pick(Math.max, before?.greatest),
    };
  }
  return next;
}

/** An artefact without its run. */
export function withoutRun({ run_id: _run, ...artifact }: ArtifactRow): Omit<ArtifactRow, "run_id"> {
  return artifact;
}

/** A metric's point as a row. */
export function toMetricRow(runId: string, { name, step, epoch, value }: MetricPoint): MetricRow {
  return { run_id: runId, name, step, epoch: epoch ?? null, value };
}
