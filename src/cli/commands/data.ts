import { type Command, InvalidArgumentError, Option } from "commander";
import { catalog, datasetNames, parseDatasetName } from "../../data/node/catalog.ts";
import { fetchDataset } from "../../data/node/fetch.ts";
import { findDataset } from "../../data/node/open.ts";
import { drawFolder } from "../../tasks/segment/node/draw-folder.ts";
import type { DrawnCellsOptions } from "../../tasks/segment/data/drawn-cells.ts";
import type { MaskMeaning } from "../../tasks/segment/data/set.ts";
import { cacheFolder } from "../cache.ts";
import { choiceOfNumbers, decimalNumber, positiveNumber, sharedOptions, wholeNumber } from "../options.ts";
import { formatTable, print, printJson } from "../output.ts";
import { createProgress } from "../progress.ts";

interface Options {
  readonly json?: boolean;
}

function list({ json }: Options): void {
  const rows = datasetNames.map((name) => {
    const { title, images, licence } = catalog[name];
    return { name, title, images, licence, folder: findDataset(name, cacheFolder()) ?? null };
  });
  if (json) return printJson({ datasets: rows });
  const columns = [
    { title: "name", value: (row: (typeof rows)[number]) => row.name },
    { title: "here", value: (row: (typeof rows)[number]) => (row.folder === null ? "no" : "yes") },
    { title: "images", value: (row: (typeof rows)[number]) => row.images },
    { title: "licence", value: (row: (typeof rows)[number]) => row.licence },
  ];
  print(formatTable(columns, rows));
  print("\nA folder with a subfolder of images for every class is a data set too.");
}

async function fetchByName(text: string, { json }: Options): Promise<void> {
  const name = parseDatasetName(text);
  const progress = createProgress();
  const folder = await fetchDataset(name, cacheFolder(), (message) => progress.update(message));
  progress.finish();
  if (json) printJson({ name, folder });
  else print(`${name}: ${folder}`);
}

interface DrawOptions extends Options, Required<Pick<DrawnCellsOptions, "cells" | "seed" | "bits" | "radius">> {
  readonly images: number;
  readonly size: number;
  readonly target: MaskMeaning;
  readonly colour?: boolean;
  readonly bright?: boolean;
  readonly noise: number;
}

async function draw(folder: string, { images, size, target, colour, json, ...options }: DrawOptions): Promise<void> {
  const progress = createProgress();
  const cells = await drawFolder(folder, {
    ...options,
    images,
    height: size,
    width: size,
    channels: colour ? 3 : 1,
    meaning: target,
    onImage: (done) => progress.update(`image ${done}/${images}`, done / images),
  });
  progress.finish();
  if (json) printJson({ folder, images, cells });
  else print(`${images} images with ${cells} cells: ${folder}`);
}

function radiusArgument(text: string): readonly [number, number] {
  const [least, most = least, ...more] = text.split(",").map(positiveNumber);
  if (more.length > 0 || most < least)
    throw new InvalidArgumentError(`must be the smallest and the largest, such as 6,12, got "${text}"`);
  return [least, most];
}

function registerDraw(data: Command): void {
  data
    .command("draw")
    .description("draw images of cells with exact masks, to try segmentation with: images/ and masks/ of one folder")
    .argument("<dir>", "folder to write to")
    .addOption(new Option("--images <n>", "how many").argParser(wholeNumber(1)).default(20))
    .addOption(new Option("--size <pixels>", "height and width of each").argParser(wholeNumber(8)).default(256))
    .addOption(
      new Option("--cells <n>", "cells of each, as far as there is room").argParser(wholeNumber(0)).default(40),
    )
    .addOption(
      new Option("--radius <least,most>", "their radii in pixels")
        .argParser(radiusArgument)
        .default([6, 12] as const, "6,12"),
    )
    .addOption(
      new Option("--target <what>", "masks of cells' numbers (instances), or of background, body and nucleus (classes)")
        .choices(["instances", "classes"])
        .default("instances"),
    )
    .addOption(
      new Option("--bits <n>", "8, or 10, 12 or 16 in files of 16 bits")
        .argParser(choiceOfNumbers([8, 10, 12, 16] as const))
        .default(8),
    )
    .addOption(new Option("--colour", "stains in colours"))
    .addOption(new Option("--bright", "dark cells on a bright background"))
    .addOption(
      new Option("--noise <x>", "its deviation as a share of the range").argParser(decimalNumber(0, 1)).default(0.03),
    )
    .addOption(sharedOptions.seed())
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      "\nExamples:\n  $ residua data draw cells/ --images 40\n  $ residua data draw blood/ --target classes --colour --bright --cells 4 --radius 25,40",
    )
    .action(draw);
}

/** `residua data list`, `residua data fetch NAME` and `residua data draw DIR`. */
export function registerData(program: Command): void {
  const data = program.command("data");
  data
    .command("list")
    .description("data sets by name, and whether they are on this machine")
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
  registerDraw(data);
}
