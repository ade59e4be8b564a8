import { type Command, Option } from "commander";
import { readFileBytes } from "../../files/node.ts";
import { joinReports, type Report } from "../../report/report.ts";
import { phrase, type Words } from "../../report/words.ts";
import { type TaskName, taskNameOf } from "../../tasks/find-task.ts";
import { FormatError, OptionError } from "../../tensor/errors.ts";
import { requireReportFile, writeReport } from "../lab-job.ts";
import { OutputFileOption } from "../output-file.ts";
import { findNetworkPath } from "../../ready/node/find.ts";
import { type ComputeOptions, onlyGiven, optionName, sharedOptions, wholeNumber, typedOptions } from "../options.ts";
import { formatDuration, print, printJson, say } from "../output.ts";
import type { OptionValues } from "../recipe-flags.ts";
import { type AllTaskFlags, loadAllTaskFlags } from "../task-flags.ts";
import { addTaskOptions, refuseForeignOptions } from "../task-options.ts";

interface Options extends ComputeOptions {
  readonly data?: string;
  readonly limit?: number;
  readonly mistakes: number;
  readonly store?: string | false;
  readonly out: string;
  readonly json?: boolean;
}

/** Options that pages, which are finished, have no use for. */
const networkOptions = ["data", "limit", "mistakes", "threads", "device", "store"] as const;

const isPage = (path: string): boolean => /\.html?$/i.test(path);
/** No page that Residua writes is larger. */
const LARGEST_PAGE = 2 ** 28;

async function readPage(path: string): Promise<Report> {
  const { decodeReport } = await import("../../report/node/keep-report.ts");
  const bytes = await readFileBytes(path);
  if (bytes.length > LARGEST_PAGE)
    throw new OptionError(path, `has ${bytes.length} bytes, a page has at most ${LARGEST_PAGE}`);
  const page = decodeReport(new TextDecoder().decode(bytes), path);
  const { renderReport } = await import("../../report/node/render-report.ts");
  try {
    renderReport(page);
  } catch (cause) {
    throw new FormatError(path, "is damaged: its report cannot be drawn", { cause });
  }
  return page;
}

/** A network's task, according to its file. */
async function taskOfFile(path: string): Promise<TaskName> {
  const { openNetworkFile } = await import("../../networks/node/file.ts");
  return taskNameOf((await openNetworkFile(path)).card?.task, path);
}

/** The first by its name, the others by their number. */
function nameAll([first, ...others]: readonly Report[]): Words {
  return phrase(first.title, {
    en: `, and ${others.length} more ${others.length === 1 ? "report" : "reports"}`,
    zh: `，等 ${others.length + 1} 份报告`,
  });
}

async function report(
  named: readonly string[],
  options: Options,
  { command, flags }: { readonly command: Command; readonly flags: AllTaskFlags },
): Promise<void> {
  const start = performance.now();
  await requireReportFile(options.out);
  const inputs = await Promise.all(
    named.map(async (input) => (isPage(input) ? input : findNetworkPath(input, "model"))),
  );
  // Pages are read first, so that a wrong one is refused before anything is computed.
  const pages = new Map<string, Report>();
  for (const path of inputs.filter(isPage)) pages.set(path, await readPage(path));
  const tasks = new Map<string, TaskName>();
  for (const path of inputs.filter((input) => !isPage(input))) tasks.set(path, await taskOfFile(path));
  const typed = new Set(Object.keys(typedOptions(command)));
  const aboutNetworks = networkOptions.find((name) => typed.has(name));
  if (tasks.size === 0 && aboutNetworks !== undefined)
    throw new OptionError(optionName(aboutNetworks), "applies only to a network; no network is given");
  refuseForeignOptions(typed, { tasks: [...new Set(tasks.values())], flags, kind: "report" });
  const reports: Report[] = [];
  const studies: object[] = [];
  for (const path of inputs) {
    const page = pages.get(path);
    if (page !== undefined) {
      reports.push(page);
      continue;
    }
    const { data, limit, threads, device, store } = options;
    const found = await flags[tasks.get(path)!].report(path, {
      ...onlyGiven({ data, limit, threads, device, store }),
      mistakes: options.mistakes,
      options: options as unknown as OptionValues,
    });
    studies.push(found.json);
    reports.push(found.report);
  }
  const whole = reports.length === 1 ? reports[0] : joinReports(nameAll(reports), reports);
  await writeReport(options.out, whole);
  if (options.json) printJson({ networks: studies, report: options.out });
  else for (const words of whole.lead) print(words);
  const time = formatDuration((performance.now() - start) / 1000);
  say({ en: `${time}; report: ${options.out}`, zh: `${time}；报告：${options.out}` });
}

function registerReport(program: Command, flags: AllTaskFlags): void {
  const command = program
    .command("report")
    .argument(
      "<file...>",
      "a trained network, a file or a ready one, and pages written by compare, gradflow, lesion … (.html)",
    )
    .addOption(new Option("--data <name|dir>", "data set (default: the one it was trained on)"))
    .addOption(new Option("--limit <n>", "use the first n test images").argParser(wholeNumber(1)))
    .addOption(
      new Option("--mistakes <n>", "show the n worst mistakes, or the n worst images of a segmentation network")
        .argParser(wholeNumber(0))
        .default(24),
    )
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.device())
    .addOption(sharedOptions.store())
    .addOption(new Option("--no-store", "do not look for the training in the run store"))
    .addOption(new OutputFileOption("--out <file>", "the page to write", [], isPage).default("report.html"))
    .addOption(sharedOptions.json());
  addTaskOptions(command, flags, "report")
    .addHelpText(
      "after",
      `
Examples:
  $ residua report residua-train/last.safetensors --data mnist --out report.html
  $ residua report runs/cells/model.onnx --out cells.html
  $ residua report residua-compare/comparison.html gradflow.html --out all.html
  $ residua report residua-train/last.safetensors lesion.html landscape.html --out all.html`,
    )
    .action((inputs: readonly string[], options: Options, self: Command) =>
      report(inputs, options, { command: self, flags }),
    );
}

/** `residua report FILE…`: writes one page about a trained network and everything computed from it. */
export async function loadReport(): Promise<(program: Command) => void> {
  const flags = await loadAllTaskFlags();
  return (program) => registerReport(program, flags);
}
