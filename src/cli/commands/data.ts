import type { Command } from "commander";
import { catalog, datasetNames } from "../../data/catalog.ts";
import { describeImages } from "../../data/dataset.ts";
import { cacheFolder } from "../cache.ts";
import { sharedOptions } from "../options.ts";
import { type AllTaskFlags, loadAllTaskFlags } from "../task-flags.ts";
import { formatTable, print, printJson, printLines } from "../output.ts";
import { createProgress } from "../progress.ts";
import { heads } from "../lang/heads.ts";
import { spokenMessage } from "../lang/language.ts";

interface Options {
  readonly json?: boolean;
}

async function list({ json }: Options): Promise<void> {
  const { findDataset } = await import("../../data/node/open.ts");
  const rows = datasetNames.map((name) => {
    const entry = catalog[name];
    const { title, licence } = entry;
    return { name, title, images: describeImages(entry), licence, folder: findDataset(name, cacheFolder()) ?? null };
  });
  if (json) return printJson({ datasets: rows });
  const columns = [
    { title: heads.name, value: (row: (typeof rows)[number]) => row.name },
    {
      title: { en: "here", zh: "在本机" },
      value: (row: (typeof rows)[number]) => (row.folder === null ? { en: "no", zh: "否" } : { en: "yes", zh: "是" }),
    },
    { title: heads.images, value: (row: (typeof rows)[number]) => spokenMessage(row.images) },
    { title: { en: "licence", zh: "许可" }, value: (row: (typeof rows)[number]) => spokenMessage(row.licence) },
  ];
  printLines(formatTable(columns, rows));
  print();
  print({
    en: "A folder with one subfolder of images per class is a data set, too.",
    zh: "每个类别一个子文件夹的图像文件夹也是数据集。",
  });
}

async function fetchByName(text: string, { json }: Options): Promise<void> {
  const { parseDatasetName } = await import("../../data/node/dataset-files.ts");
  const { fetchDataset } = await import("../../data/node/fetch.ts");
  const name = parseDatasetName(text);
  const progress = createProgress();
  const folder = await fetchDataset(name, cacheFolder(), (message) => progress.update(spokenMessage(message)));
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
