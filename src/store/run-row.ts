import * as v from "valibot";
import { checkPlainData } from "../files/schema.ts";
import { FormatError } from "../tensor/errors.ts";
import type { MetricSummary, Run, RunSummary } from "./run.ts";
import { runStatuses } from "./run.ts";

/** A store may come from elsewhere: its rows are checked before use. */
const json = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }): unknown => {
    try {
      return JSON.parse(dataset.value);
    } catch {
      addIssue({ expected: "JSON" });
      return NEVER;
    }
  }),
);
/** A number in JSON: NaN and the infinities are texts. */
const number = v.union([
  v.number(),
  v.pipe(
    v.picklist(["NaN", "Infinity", "-Infinity"]),
    v.transform((word) => Number(word)),
  ),
]);
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const metric: v.GenericSchema<unknown, MetricSummary> = v.object({
  count,
  step: count,
  last: number,
  least: number,
  greatest: number,
});
/** Entries, since a metric may have any name, `__proto__` too. */
const summary = v.pipe(
  json,
  v.custom<Readonly<Record<string, unknown>>>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "an object of metrics",
  ),
  v.transform((value) => Object.entries(value)),
  v.array(v.tuple([v.string(), metric])),
  v.transform((entries): RunSummary => Object.fromEntries(entries)),
);
const LATEST = 8.64e15;
const date = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(-LATEST),
  v.maxValue(LATEST),
  v.transform((milliseconds) => new Date(milliseconds).toISOString()),
);
const rowSchema = v.object({
  id: v.string(),
  command: v.string(),
  name: v.string(),
  status: v.picklist(runStatuses),
  config: json,
  config_hash: v.string(),
  seed: v.nullable(v.number()),
  code: json,
  environment: json,
  parent_id: v.nullable(v.string()),
  folder: v.nullable(v.string()),
  host: v.string(),
  started_at: date,
  heartbeat_at: date,
  ended_at: v.nullable(date),
  steps: count,
  summary,
  result: v.nullable(json),
  reason: v.nullable(v.string()),
});

const refuseRow =
  (id: unknown) =>
  ({ path, detail }: { readonly path: string; readonly detail: string }): FormatError =>
    new FormatError(
      `run ${String(id)}`,
      `its row in the store is damaged: column ${path.split(".", 1)[0]} ${detail}; remove it with residua runs rm, or mend it in the database`,
    );

/** A summary as stored. @throws {FormatError} that names the run */
export function decodeSummary(text: unknown, id: string): RunSummary {
  return checkPlainData(v.object({ summary }), { summary: text }, refuseRow(id)).summary;
}

/** Decodes a run from its row. @throws {FormatError} that names the run and the first damaged column */
export function toRun(row: Readonly<Record<string, unknown>>, tags: readonly string[]): Run {
  const { config_hash, parent_id, started_at, heartbeat_at, ended_at, ...same } = checkPlainData(
    rowSchema,
    row,
    refuseRow(row["id"]),
  );
  return {
    ...same,
    tags,
    configHash: config_hash,
    parentId: parent_id,
    startedAt: started_at,
    heartbeatAt: heartbeat_at,
    endedAt: ended_at,
  };
}
