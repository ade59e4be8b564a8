import { parse } from "csv-parse/browser/esm/sync";
import { serveRequests } from "../../../jobs/web/service.ts";
import { errorMessage, FormatError, OptionError } from "../../../tensor/errors.ts";
import { refuseSize } from "../../pictures/image-limits.ts";
import { type ExportedRun, readExportedJson, readExportedRows, resampleCurve } from "../../runs/read-export.ts";
import type { RunsAnswer, RunsRequest, runsReading } from "./runs-service.ts";

/** A text of more bytes does not fit into a string. */
const mostBytes = 2 ** 28;
/** Points of a curve that is drawn. */
const mostPoints = 500;

/** The runs of the file that was opened last, by their ids. */
let runs: ReadonlyMap<string, ExportedRun> = new Map();

function parseRows(text: string, where: string): readonly (readonly string[])[] {
  try {
    return parse(text, { bom: true });
  } catch (cause) {
    throw new FormatError(where, `is no table of values: ${errorMessage(cause)}`, { cause });
  }
}

async function openFile(file: File): Promise<RunsAnswer> {
  const { name } = file;
  const large = refuseSize(file.size, mostBytes);
  if (large !== undefined)
    throw new FormatError(
      name,
      `is too large: ${(large as { readonly en: string }).en}; export fewer runs, each named by its id`,
    );
  const text = await file.text();
  const isJson = text.trimStart().startsWith("{");
  const read = isJson ? readExportedJson(text, name) : readExportedRows(parseRows(text, name), name);
  runs = new Map(read.map((one) => [one.run.id, one]));
  return { kind: "runs", runs: [...runs.values()].map(({ run }) => run) };
}

function readCurves(ids: readonly string[], metric: string): RunsAnswer {
  const curves = ids.map((id) => {
    const found = runs.get(id);
    if (found === undefined) throw new OptionError("run", `${id} is not in the file that is open`);
    return found.curves.get(metric) ?? { steps: new Float64Array(0), values: new Float64Array(0) };
  });
  const steps = curves.reduce((most, curve) => curve.steps.reduce((a, b) => Math.max(a, b), most), 1);
  const stride = Math.max(1, Math.ceil(steps / mostPoints));
  const points = Math.ceil(steps / stride);
  return { kind: "curves", stride, points, values: curves.map((curve) => resampleCurve(curve, stride, points)) };
}

const answer = async (request: RunsRequest): Promise<RunsAnswer> =>
  request.kind === "open" ? openFile(request.file) : readCurves(request.ids, request.metric);

serveRequests<typeof runsReading>({ answer });
