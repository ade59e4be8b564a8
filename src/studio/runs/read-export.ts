import * as v from "valibot";
import { checkPlainData } from "../../files/schema.ts";
import { FormatError } from "../../tensor/errors.ts";

/** The statuses of a run, as the store has them. */
export const runStatuses = ["running", "done", "stopped", "diverged", "crashed"] as const;
export type RunStatus = (typeof runStatuses)[number];

/** What is listed of a run. Files may come from anywhere: all of it is text to be shown, never markup. */
export interface ListedRun {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly config: unknown;
  readonly code: unknown;
  readonly environment: unknown;
  /** A table of values tells no more than these: what follows is missing in CSV. */
  readonly command?: string;
  readonly status?: RunStatus;
  readonly host?: string;
  /** In the format of ISO 8601. */
  readonly startedAt?: string;
  readonly seconds?: number;
  readonly reason?: string;
  readonly steps: number;
  /** The last value of each metric. */
  readonly last: Readonly<Record<string, number>>;
}

/** The values of a metric by step. */
export interface Curve {
  readonly steps: Float64Array;
  readonly values: Float64Array;
}

/** A run with its values by metric. */
export interface ExportedRun {
  readonly run: ListedRun;
  readonly curves: ReadonlyMap<string, Curve>;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const date = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(Date.parse(text)), "a date"),
);
/** JSON has no NaN: such numbers are texts. */
const number = v.union([v.number(), v.picklist(["NaN", "Infinity", "-Infinity"])]);
const point = v.tuple([count, v.nullable(count), number]);
const exportedRun = v.object({
  run: v.object({
    id: v.pipe(v.string(), v.minLength(1)),
    command: v.string(),
    name: v.string(),
    status: v.picklist(runStatuses),
    tags: v.array(v.string()),
    config: v.unknown(),
    code: v.unknown(),
    environment: v.unknown(),
    host: v.string(),
    startedAt: date,
    heartbeatAt: date,
    endedAt: v.nullable(date),
    steps: count,
    reason: v.nullable(v.string()),
  }),
  metrics: v.record(v.string(), v.array(point)),
});
const exported = v.object({ runs: v.array(exportedRun) });

function toCurve(points: readonly (readonly [step: number, value: number])[]): Curve {
  return {
    steps: Float64Array.from(points, ([step]) => step),
    values: Float64Array.from(points, ([, value]) => value),
  };
}

const lastOf = (curves: ReadonlyMap<string, Curve>): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...curves].flatMap(([name, { values }]) => (values.length === 0 ? [] : [[name, values.at(-1)!]])),
  );

function toExported({ run, metrics }: v.InferOutput<typeof exportedRun>): ExportedRun {
  const { startedAt, heartbeatAt, endedAt, reason, ...same } = run;
  const curves = new Map(
    Object.entries(metrics).map(([name, points]) => [
      name,
      toCurve(points.map(([step, , value]) => [step, Number(value)])),
    ]),
  );
  const seconds = (Date.parse(endedAt ?? heartbeatAt) - Date.parse(startedAt)) / 1000;
  return {
    run: { ...same, startedAt, seconds, ...(reason === null ? {} : { reason }), last: lastOf(curves) },
    curves,
  };
}

/**
 * Reads what `residua runs export --json` writes.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} naming the first place that is not as it must be
 */
export function readExportedJson(text: string, where: string): readonly ExportedRun[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(where, "is no whole JSON document; export it anew", {
      cause,
    });
  }
  const { runs } = checkPlainData(
    exported,
    value,
    ({ path, detail }) =>
      new FormatError(where, `is not what residua runs export writes as JSON: ${path || "the document"} ${detail}`),
  );
  return runs.map(toExported);
}

const columns = ["run", "run_name", "metric", "step", "epoch", "value"];

/** What is gathered of a run, row by row. */
interface Gathered {
  readonly name: string;
  readonly curves: Map<string, (readonly [step: number, value: number])[]>;
}

/** @throws {FormatError} unless a text is a number, NaN or an infinity */
function readNumber(text: string, place: string): number {
  const value = Number(text);
  if (text === "" || (Number.isNaN(value) && text !== "NaN"))
    throw new FormatError(place, `must be a number, got "${text.slice(0, 40)}"`);
  return value;
}

/**
 * Reads what `residua runs export --csv` writes, row by row.
 *
 * @param rows texts, the head first
 * @throws {FormatError} naming the first line that is not as it must be
 */
export function readExportedRows(rows: readonly (readonly string[])[], where: string): readonly ExportedRun[] {
  const [head, ...values] = rows;
  if (head?.join() !== columns.join())
    throw new FormatError(
      where,
      `is not what residua runs export writes as CSV: the columns must be ${columns.join()}`,
    );
  const gathered = new Map<string, Gathered>();
  values.forEach(([id, name, metric, step, , value], index) => {
    const place = `${where}, line ${index + 2}`;
    const run = gathered.get(id) ?? { name, curves: new Map() };
    gathered.set(id, run);
    const points = run.curves.get(metric) ?? [];
    run.curves.set(metric, points);
    points.push([readNumber(step, place), readNumber(value, place)]);
  });
  return [...gathered].map(([id, { name, curves: points }]) => {
    const curves = new Map([...points].map(([metric, own]) => [metric, toCurve(own)]));
    const steps = [...curves.values()].reduce((most, curve) => curve.steps.reduce((a, b) => Math.max(a, b), most), 0);
    const unknown = { tags: [], config: null, code: null, environment: null };
    return { run: { id, name, ...unknown, steps, last: lastOf(curves) }, curves };
  });
}

/**
 * A curve brought to points that lie `stride` steps apart: each the mean of the values since the one before, NaN where there are
 * none.
 */
export function resampleCurve({ steps, values }: Curve, stride: number, points: number): readonly number[] {
  const sums = new Float64Array(points);
  const counts = new Uint32Array(points);
  steps.forEach((step, index) => {
    const at = Math.min(points - 1, Math.max(0, Math.ceil(step / stride) - 1));
    sums[at] += values[index];
    counts[at]++;
  });
  return Array.from(sums, (sum, at) => (counts[at] === 0 ? Number.NaN : sum / counts[at]));
}
