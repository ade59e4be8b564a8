import type { Command } from "commander";
import { catalog, datasetNames } from "../../data/catalog.ts";
import { describeImages } from "../../data/dataset.ts";
import { parseDatasetName } from "../../data/node/dataset-files.ts";
import { fetchDataset } from "../../data/node/fetch.ts";
import { findDataset } from "../../data/node/open.ts";
import { cacheFolder } from "../cache.ts";
import { sharedOptions } from "../options.ts";
import { type AllTaskFlags, loadAllTaskFlags } from "../task-flags.ts";
import { formatTable, print, printJson, printLines } from "../output.ts";
import { createProgress } from "../progress.ts";

interface Options {
  readonly json?: boolean;
}

function list({ json }: Options): void {
  const rows = datasetNames.map((name) => {
    const entry = catalog[name];
    const { title, licence } = entry;
    return { name, title, images: describeImages(entry), licence, folder: findDataset(name, cacheFolder()) ?? null };
  });
  if (json) return printJson({ datasets: rows });
  const columns = [
    { title: "name", value: (row: (typeof rows)[number]) => row.name },
    { title: "here", value: (row: (typeof rows)[number]) => (row.folder === null ? "no" : "yes") },
    { title: "images", value: (row: (typeof rows)[number]) => row.images },
    { title: "licence", value: (row: (typeof rows)[number]) => row.licence },
  ];
  printLines(formatTable(columns, rows));
  print();
  print("A folder with one subfolder of images per class is a data set, too.");
}

async function fetchByName(text: string, { json }: Options): Promise<void> {
  const name = parseDatasetName(text);
  const progress = createProgress();
  const folder = await fetchDataset(name, cacheFolder(), (message) => progress.update(message));
  progress.finish();
  if (json) printJson({ name, folder });
  else print(`${name}: ${folder}`);
}

function registerData(program: Command, flags: AllTaskFlags): void {
  const data = program.command("data");
  data
    .command("list")
    .description("list the named data sets and whether they are on this machine")
    .addOption(sharedOptions.json())
    .addHelpText("after", "\nExample:\n  $ residua data list")
    .action(list);
  data
    .command("fetch")
    .description("fetch a data set, check its hash and keep it")
    .argument("<name>", datasetNames.join(", "))
    .addOption(sharedOptions.json())
    .addHelpText("after", "\nExample:\n  $ residua data fetch cifar10")
    .action(fetchByName);
  for (const { addDataCommands } of Object.values(flags)) addDataCommands?.(data);
}

/** `residua data list`, `residua data fetch NAME`, and commands that make data for a task. */
export async function loadData(): Promise<(program: Command) => void> {
  const flags = await loadAllTaskFlags();
  return (program) => registerData(program, flags);
}
