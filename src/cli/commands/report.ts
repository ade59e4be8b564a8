import { readFileBytes } from "../../files/node.ts";
import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { confusionMatrix, scoreClasses } from "../../tasks/classify/predictions.ts";
import { type NetworkStudy, reportNetwork } from "../../lab/network/report.ts";
import { joinReports, type Report } from "../../report/report.ts";
import { reportSegmentation } from "../../tasks/segment/report.ts";
import { openNetworkFile } from "../../networks/node/file.ts";
import { hashFile } from "../../store/artifacts.ts";
import { findArtifact, findRun, readMetricPages, type RunStore } from "../../store/run-store.ts";
import { errorMessage, FormatError, OptionError } from "../../tensor/errors.ts";
import { cacheFolder } from "../cache.ts";
import { requireReportFile, writeReport } from "../lab-job.ts";
import { openModelFile } from "../model-file.ts";
import { onlyGiven, sharedOptions, wholeNumber } from "../options.ts";
import { formatDuration, print, printJson, say } from "../output.ts";
import { createProgress } from "../progress.ts";
import { storePlace, withStore } from "../store.ts";
import { studyImages } from "../tasks/segment-evaluate.ts";

interface Options {
  readonly data?: string;
  readonly limit?: number;
  readonly mistakes: number;
  readonly maps: number;
  readonly threads?: number;
  readonly store?: string | false;
  readonly out: string;
  readonly json?: boolean;
}

const isPage = (path: string): boolean => /\.html?$/i.test(path);
/** No page that was made here is larger. */
const LARGEST_PAGE = 2 ** 28;
const CURVE_POINTS = 300;

async function readPage(path: string): Promise<Report> {
  const { decodeReport } = await import("../../report/node/keep-report.ts");
  const bytes = await readFileBytes(path);
  if (bytes.length > LARGEST_PAGE)
    throw new OptionError(path, `has ${bytes.length} bytes, a page has at most ${LARGEST_PAGE}`);
  const page = decodeReport(await readFile(path, "utf8"), path);
  const { renderReport } = await import("../../report/node/render-report.ts");
  try {
    renderReport(page);
  } catch (cause) {
    throw new FormatError(path, "is damaged: its report cannot be drawn", { cause });
  }
  return page;
}

/** The training behind a file, where the run store knows it. */
async function findTraining(path: string, store: Options["store"]): Promise<Pick<NetworkStudy, "run" | "curves">> {
  if (store === false) return {};
  const place = storePlace(store);
  if (!place.exists) return {};
  try {
    const { sha256 } = await hashFile(path);
    return await withStore(place, async (opened) => {
      const id = (await findArtifact(opened, sha256))[0]?.run_id;
      if (id === undefined) return {};
      const { name } = await findRun(opened, id);
      const points = await readCurve(opened, id, "loss");
      const curves = [{ name: { en: "training loss", zh: "训练损失" }, points }];
      return { run: `${id}, ${name}`, ...(points.length === 0 ? {} : { curves }) };
    });
  } catch (error) {
    say(`run store: ${errorMessage(error)}; the training's curves are left out`);
    return {};
  }
}

async function readCurve(
  store: RunStore,
  id: string,
  name: string,
): Promise<NonNullable<NetworkStudy["curves"]>[number]["points"]> {
  const values: { readonly x: number; readonly y: number }[] = [];
  for await (const page of readMetricPages(store, id, name)) {
    for (const { step, value } of page) if (Number.isFinite(value)) values.push({ x: step, y: value });
  }
  values.sort((a, b) => a.x - b.x);
  const width = Math.max(1, Math.ceil(values.length / CURVE_POINTS));
  return Array.from({ length: Math.ceil(values.length / width) }, (_, index) => {
    const part = values.slice(index * width, (index + 1) * width);
    return { x: part.at(-1)!.x, y: part.reduce((sum, { y }) => sum + y, 0) / part.length };
  });
}

async function studyFile(model: string, options: Options): Promise<NetworkStudy> {
  const { studyNetwork } = await import("../../lab/network/node/study.ts");
  const progress = createProgress();
  const found = await studyNetwork({
    model,
    cache: cacheFolder(),
    mistakes: options.mistakes,
    maps: options.maps,
    session: options.threads === undefined ? {} : { threads: options.threads },
    onNote: say,
    onProgress: (done, count) => progress.update(`${done}/${count} test images`, done / count),
    ...(options.data === undefined ? {} : { data: options.data }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  });
  progress.finish();
  return { ...found, ...(await findTraining(model, options.store)) };
}

/** The study of a network that segments; nothing if it does something else. */
async function studySegmenting(
  model: string,
  options: Options,
): Promise<Awaited<ReturnType<typeof studyImages>> | undefined> {
  const { card } = await openNetworkFile(model);
  if (card?.task === undefined) return undefined;
  const network = await openModelFile(model, onlyGiven({ threads: options.threads }));
  try {
    const { data, limit } = options;
    // Of what it was trained on, only what it has never seen tells anything.
    const chosen = { ...onlyGiven({ data, limit }), ...(data === undefined ? { heldBack: true } : {}) };
    return await studyImages(network, { model, ...chosen, worst: options.mistakes });
  } finally {
    await network.session.release();
  }
}

/** A study's figures, as `--json` gives them. */
function toJson(model: string, { label, data, classes, judged, parameters, run }: NetworkStudy): object {
  const confusion = confusionMatrix(judged, classes.length);
  const right = judged.filter(({ label: own, predicted }) => own === predicted).length;
  return {
    model,
    network: label,
    data,
    parameters,
    images: judged.length,
    accuracy: right / judged.length,
    classes: scoreClasses(confusion, classes),
    confusion,
    ...(run === undefined ? {} : { run }),
  };
}

async function report(inputs: readonly string[], options: Options): Promise<void> {
  const start = performance.now();
  await requireReportFile(options.out);
  // Pages are read first: a wrong one is said before anything is computed.
  const pages = new Map<string, Report>();
  for (const path of inputs.filter(isPage)) pages.set(path, await readPage(path));
  const reports: Report[] = [];
  const studies: object[] = [];
  for (const path of inputs) {
    const page = pages.get(path);
    if (page !== undefined) {
      reports.push(page);
      continue;
    }
    const segmentation = await studySegmenting(path, options);
    if (segmentation !== undefined) {
      studies.push(segmentation.json);
      reports.push(reportSegmentation(segmentation.study));
      continue;
    }
    const study = await studyFile(path, options);
    studies.push(toJson(path, study));
    reports.push(reportNetwork(study));
  }
  const whole = reports.length === 1 ? reports[0] : joinReports(reports[0].title, reports);
  await writeReport(options.out, whole);
  if (options.json) printJson({ networks: studies, report: options.out });
  else for (const words of whole.lead) print(typeof words === "string" ? words : words.en);
  say(`${formatDuration((performance.now() - start) / 1000)}; report: ${options.out}`);
}

/** `residua report FILE…`: a trained network from all sides, and all that was computed about it, as one page. */
export function registerReport(program: Command): void {
  program
    .command("report")
    .argument("<file...>", "a trained network, and pages that compare, gradflow, lesion … wrote (.html)")
    .addOption(new Option("--data <name|dir>", "data set (default: the one it was trained on)"))
    .addOption(new Option("--limit <n>", "use the first n test images").argParser(wholeNumber(1)))
    .addOption(
      new Option("--mistakes <n>", "show the n worst mistakes, or images of a network that segments")
        .argParser(wholeNumber(0))
        .default(24),
    )
    .addOption(
      new Option("--maps <n>", "Grad-CAM pictures of n right answers and n mistakes")
        .argParser(wholeNumber(0))
        .default(8),
    )
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.store())
    .addOption(new Option("--no-store", "do not look for the training in the run store"))
    .addOption(new Option("--out <file>", "where the page is written").default("report.html"))
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
Examples:
  $ residua report residua-train/last.safetensors --data mnist --out report.html
  $ residua report runs/cells/model.onnx --out cells.html
  $ residua report residua-compare/comparison.html gradflow.html --out all.html
  $ residua report residua-train/last.safetensors lesion.html landscape.html --out all.html`,
    )
    .action(report);
}
