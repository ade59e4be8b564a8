import { parse } from "csv-parse/browser/esm/sync";
import { serveRequests } from "../../../jobs/web/service.ts";
import { errorMessage, FormatError, OptionError } from "../../../tensor/errors.ts";
import { refuseSize } from "../../pictures/image-limits.ts";
import {
  type Curve,
  type ExportedRun,
  type ListedRun,
  readExportedJson,
  readExportedRows,
  readStoredPoints,
  readStoredRuns,
  resampleCurve,
} from "../../runs/read-export.ts";
import { fetchText } from "./fetch-text.ts";
import type { Listed, RunsAnswer, RunsRequest, runsReading } from "./runs-service.ts";
import { listRuns, pageSize, withTags } from "./view.ts";

/** A text of more bytes does not fit into a string. */
const mostBytes = 2 ** 28;
/** Points of a curve that is drawn. */
const mostPoints = 500;

/** Runs that were opened. */
interface OpenRuns {
  readonly runs: readonly ListedRun[];
  readonly byId: ReadonlyMap<string, ListedRun>;
  readonly curveOf: (id: string, metric: string) => Promise<Curve>;
}

/** Those that were opened last. */
let opened: OpenRuns | undefined;

const noCurve: Curve = { steps: new Float64Array(0), values: new Float64Array(0) };

function parseRows(text: string, where: string): readonly (readonly string[])[] {
  try {
    return parse(text, { bom: true });
  } catch (cause) {
    throw new FormatError(where, `is no table of values: ${errorMessage(cause)}`, { cause });
  }
}

async function readFile(file: File): Promise<readonly ExportedRun[]> {
  const { name } = file;
  const large = refuseSize(file.size, mostBytes);
  if (large !== undefined)
    throw new FormatError(
      name,
      `is too large: ${(large as { readonly en: string }).en}; export fewer runs, each named by its id`,
    );
  const text = await file.text();
  const isJson = text.trimStart().startsWith("{");
  return isJson ? readExportedJson(text, name) : readExportedRows(parseRows(text, name), name);
}

const keepRuns = (runs: readonly ListedRun[], curveOf: OpenRuns["curveOf"]): OpenRuns => ({
  runs,
  byId: new Map(runs.map((run) => [run.id, run])),
  curveOf,
});

async function openFile(file: File): Promise<OpenRuns> {
  const read = new Map((await readFile(file)).map((one) => [one.run.id, one]));
  return keepRuns(
    Array.from(read.values(), ({ run }) => run),
    async (id, metric) => read.get(id)?.curves.get(metric) ?? noCurve,
  );
}

async function openStore(address: string): Promise<OpenRuns> {
  const runs = readStoredRuns(await fetchText(`${address}/runs`), address);
  return keepRuns(runs, async (id, metric) => {
    const where = `${address}/runs/${encodeURIComponent(id)}/points?metric=${encodeURIComponent(metric)}`;
    return readStoredPoints(await fetchText(where), where);
  });
}

function list({ runs, byId }: OpenRuns, { view, tags, chosen }: Listed): RunsAnswer {
  const listed = listRuns(Object.keys(tags).length === 0 ? runs : runs.map((run) => withTags(run, tags)), view);
  const from = view.page * pageSize;
  return {
    kind: "list",
    view,
    runs: listed.slice(from, from + pageSize),
    count: listed.length,
    chosen: chosen.flatMap((id) => {
      const found = byId.get(id);
      return found === undefined ? [] : [withTags(found, tags)];
    }),
  };
}

async function readCurves({ byId, curveOf }: OpenRuns, ids: readonly string[], metric: string): Promise<RunsAnswer> {
  const missing = ids.find((id) => !byId.has(id));
  if (missing !== undefined) throw new OptionError("run", `${missing} is not in the file that is open`);
  const curves = await Promise.all(ids.map((id) => curveOf(id, metric)));
  const steps = curves.reduce((most, curve) => curve.steps.reduce((a, b) => Math.max(a, b), most), 1);
  const stride = Math.max(1, Math.ceil(steps / mostPoints));
  const points = Math.ceil(steps / stride);
  return { kind: "curves", stride, points, values: curves.map((curve) => resampleCurve(curve, stride, points)) };
}

async function answer(request: RunsRequest): Promise<RunsAnswer> {
  if (request.kind === "open") {
    const { source } = request;
    const next = source.kind === "file" ? await openFile(source.file) : await openStore(source.address);
    opened = next;
    return list(next, request);
  }
  if (opened === undefined) throw new OptionError("runs", "none is open; choose one first");
  return request.kind === "list" ? list(opened, request) : readCurves(opened, request.ids, request.metric);
}

serveRequests<typeof runsReading>({ answer });
