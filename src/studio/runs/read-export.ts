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
  /** Made when it is asked for: few of many runs are drawn. */
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
const storedRun = v.object({
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
});
const exportedRun = v.object({
  run: storedRun,
  metrics: v.record(v.string(), v.array(point)),
});
const exported = v.object({ runs: v.array(exportedRun) });
type Read = v.InferOutput<typeof exportedRun>;

const isText = (value: unknown): boolean => typeof value === "string";
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isDate = (value: unknown): boolean => isText(value) && !Number.isNaN(Date.parse(value as string));
const isNumber = (value: unknown): boolean =>
  typeof value === "number" || value === "NaN" || value === "Infinity" || value === "-Infinity";
const isPoint = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length === 3 &&
  isCount(value[0]) &&
  (value[1] === null || isCount(value[1])) &&
  isNumber(value[2]);
const isPoints = (value: unknown): boolean => Array.isArray(value) && value.every(isPoint);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Whether a run is as it must be. The schema says the same, and says what is wrong, but takes eight times as long; it is asked where
 * this says no.
 */
function isRun(run: unknown): run is Read["run"] {
  if (!isObject(run)) return false;
  const { id, command, name, host, status, tags, startedAt, heartbeatAt, endedAt, steps, reason } = run;
  return (
    id !== "" &&
    [id, command, name, host].every(isText) &&
    runStatuses.includes(status as RunStatus) &&
    Array.isArray(tags) &&
    tags.every(isText) &&
    ["config", "code", "environment"].every((key) => key in run) &&
    isDate(startedAt) &&
    isDate(heartbeatAt) &&
    (endedAt === null || isDate(endedAt)) &&
    isCount(steps) &&
    (reason === null || isText(reason))
  );
}

const isWhole = (value: unknown): value is Read =>
  isObject(value) &&
  isRun(value["run"]) &&
  isObject(value["metrics"]) &&
  Object.values(value["metrics"]).every(isPoints);

/** JSON may have a key `__proto__`, which only the schema's check finds; escapes could hide it. */
const isPlain = (text: string): boolean => !text.includes("__proto__") && !text.includes(String.raw`\u`);

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

const toCurves = (metrics: Read["metrics"]): ReadonlyMap<string, Curve> =>
  new Map(
    Object.entries(metrics).map(([name, points]) => [
      name,
      toCurve(points.map(([step, , value]) => [step, Number(value)])),
    ]),
  );

function toListed(run: Read["run"], last: ListedRun["last"]): ListedRun {
  const { id, command, name, status, tags, config, code, environment, host, startedAt, steps, reason } = run;
  const seconds = (Date.parse(run.endedAt ?? run.heartbeatAt) - Date.parse(startedAt)) / 1000;
  const told = { id, command, name, status, tags, config, code, environment, host, startedAt, steps, seconds };
  return { ...told, ...(reason === null ? {} : { reason }), last };
}

function toExported({ run, metrics }: Read): ExportedRun {
  const last: Record<string, number> = {};
  for (const [metric, points] of Object.entries(metrics)) {
    const latest = points.at(-1);
    if (latest !== undefined) last[metric] = Number(latest[2]);
  }
  return {
    run: toListed(run, last),
    get curves() {
      return toCurves(metrics);
    },
  };
}

/**
 * Reads what `residua runs export --json` writes.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} naming the first place that is not as it must be
 */
export function readExportedJson(text: string, where: string): readonly ExportedRun[] {
  const value = parseJson(text, where);
  if (isPlain(text) && isObject(value) && Array.isArray(value["runs"]) && value["runs"].every(isWhole))
    return value["runs"].map(toExported);
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

const summarized = v.object({
  runs: v.array(v.object({ ...storedRun.entries, summary: v.record(v.string(), v.object({ last: number })) })),
});
type Summarized = v.InferOutput<typeof summarized>["runs"][number];

const isSummarized = (run: unknown): run is Summarized =>
  isRun(run) &&
  isObject((run as Summarized).summary) &&
  Object.values((run as Summarized).summary).every((one) => isObject(one) && isNumber(one.last));

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(where, "is no whole JSON document; export it anew", { cause });
  }
}

const refuseAnswer = (where: string) => (failure: { readonly path: string; readonly detail: string }) =>
  new FormatError(where, `answered what is no list of runs: ${failure.path || "the document"} ${failure.detail}`);

/**
 * Reads the runs that a server lists from its store, without their curves.
 *
 * @param where the address, for errors
 * @throws {FormatError} naming the first place that is not as it must be
 */
export function readStoredRuns(text: string, where: string): readonly ListedRun[] {
  const value = parseJson(text, where);
  const runs: readonly Summarized[] =
    isPlain(text) && isObject(value) && Array.isArray(value["runs"]) && value["runs"].every(isSummarized)
      ? value["runs"]
      : checkPlainData(summarized, value, refuseAnswer(where)).runs;
  return runs.map((run) =>
    toListed(run, Object.fromEntries(Object.entries(run.summary).map(([metric, { last }]) => [metric, Number(last)]))),
  );
}

/**
 * Reads a metric's points as a server gives them out of its store.
 *
 * @param where the address, for errors
 * @throws {FormatError} naming the first place that is not as it must be
 */
export function readStoredPoints(text: string, where: string): Curve {
  const { points } = checkPlainData(v.object({ points: v.array(point) }), parseJson(text, where), refuseAnswer(where));
  return toCurve(points.map(([step, , value]) => [step, Number(value)]));
}
