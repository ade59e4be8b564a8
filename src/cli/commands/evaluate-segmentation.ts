import { readdir } from "node:fs/promises";
import { listMasked, type MaskedFile } from "../../data/node/segmentation/folder.ts";
import { listSegmentation } from "../../data/node/segmentation/load.ts";
import { summarizeClasses } from "../../tasks/segmentation/class-figures.ts";
import { evaluateFiles, type FolderEvaluation } from "../../tasks/segmentation/node/evaluate-files.ts";
import { settingsOf } from "../../tasks/segmentation/settings.ts";
import type { TrainedNetwork } from "../../train/trained.ts";
import { OptionError } from "../../tensor/errors.ts";
import { formatTable, print, printJson } from "../output.ts";
import { createProgress } from "../progress.ts";

/** How a network that segments is evaluated. */
export interface EvaluateSegmentation {
  readonly model: string;
  /** A folder of images with masks; what the network was trained on if left out. */
  readonly data?: string;
  /** Only the images that the training held back. */
  readonly heldBack?: boolean;
  readonly limit?: number;
  readonly tta?: 1 | 2 | 4 | 8;
  readonly json?: boolean;
}

/** All of a folder's images, or those that the training kept for its test: the part `test/`, or the share of the others. */
async function listImages(folder: string, heldBack: boolean, testShare: number): Promise<readonly MaskedFile[]> {
  if (heldBack) return (await listSegmentation(folder, testShare)).test;
  const names = await readdir(folder).catch((): readonly string[] => []);
  return names.includes("test") && names.includes("train")
    ? (await listSegmentation(folder, 0)).test
    : listMasked(folder);
}

function toJson(found: FolderEvaluation, about: object): object {
  const { target, overall } = found;
  const images =
    found.target === "instances"
      ? found.images.map(({ name, figures }) => ({ name, ...figures }))
      : found.images.map((image) => ({
          name: image.name,
          ...summarizeClasses([image], Object.keys(found.overall.dice)),
        }));
  return { ...about, target, count: images.length, ...overall, images };
}

function printFound(found: FolderEvaluation): void {
  const figure = (value: number): string => value.toFixed(3);
  if (found.target === "classes") {
    const { dice, iou, meanIou, meanDice } = found.overall;
    const rows = [
      ...Object.keys(dice).map((name) => [name, dice[name], iou[name]] as const),
      ["mean", meanDice, meanIou] as const,
    ];
    print(
      formatTable(
        [
          { title: "class", value: ([name]: (typeof rows)[number]) => name },
          { title: "Dice", value: ([, value]) => figure(value), align: "right" },
          { title: "IoU", value: ([, , value]) => figure(value), align: "right" },
        ],
        rows,
      ),
    );
    return;
  }
  const { overall, images } = found;
  print(`${overall.found} cells found in ${images.length} images, ${overall.cells} are there`);
  print(`F1 at IoU 0.5     ${figure(overall.f1At50)}`);
  print(`mean AP 0.5–0.9   ${figure(overall.meanAp)}`);
  print(`foreground Dice   ${figure(overall.foregroundDice)}`);
  print(`border F1         ${figure(overall.borderF1)}`);
  print(`panoptic quality  ${figure(overall.panopticQuality)}`);
  print(`Jaccard (AJI)     ${figure(overall.aggregatedJaccard)}`);
  const worst = images.toSorted((a, b) => a.figures.meanAp - b.figures.meanAp).slice(0, 3);
  print(`worst images: ${worst.map(({ name, figures }) => `${name} (${figure(figures.meanAp)})`).join(", ")}`);
}

/** Evaluates a network that segments on a folder of images with masks. */
export async function evaluateSegmentation(network: TrainedNetwork, options: EvaluateSegmentation): Promise<void> {
  const settings = settingsOf(network.card, options.model);
  const data = options.data ?? network.card.data;
  const listed = await listImages(data, options.heldBack === true, settings.testShare);
  if (options.limit !== undefined && options.limit > listed.length)
    throw new OptionError("--limit", `must be from 1 to ${listed.length}, the number of images, got ${options.limit}`);
  const files = options.limit === undefined ? listed : listed.slice(0, options.limit);
  if (files.length === 0) throw new OptionError("--held-back", `the training kept no image of ${data} for its test`);
  const progress = createProgress();
  const start = performance.now();
  const found = await evaluateFiles(network, settings, files, {
    ...(options.tta === undefined ? {} : { views: options.tta }),
    onImage: (done) => {
      const left = (((performance.now() - start) / done) * (files.length - done)) / 1000;
      progress.update(`image ${done}/${files.length}, ${Math.ceil(left)} s left`);
    },
  });
  progress.finish();
  if (options.json) printJson(toJson(found, { model: options.model, data }));
  else printFound(found);
}
