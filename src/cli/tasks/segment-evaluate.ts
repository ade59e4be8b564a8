import { readdir } from "node:fs/promises";
import { listMasked, type MaskedFile } from "../../tasks/segment/node/folder.ts";
import { listSegmentation } from "../../tasks/segment/node/load.ts";
import { summarizeClasses } from "../../tasks/segment/class-figures.ts";
import type { FolderEvaluation } from "../../tasks/segment/node/evaluate-files.ts";
import type { Views } from "../../tasks/segment/predict.ts";
import { type SegmentationSettings, settingsOf } from "../../tasks/segment/settings.ts";
import { reportSegmentation, type SegmentationStudy } from "../../tasks/segment/report.ts";
import type { TrainedNetwork } from "../../networks/open.ts";
import { OptionError } from "../../tensor/errors.ts";
import { requireReportFile, writeReport } from "../lab-job.ts";
import { formatTable, print, printJson, say } from "../output.ts";
import { createProgress } from "../progress.ts";

/** How a network that segments is evaluated. */
export interface EvaluateSegmentation {
  readonly model: string;
  /** A folder of images with masks; what the network was trained on if left out. */
  readonly data?: string;
  /** Only the images that the training held back. */
  readonly heldBack?: boolean;
  readonly limit?: number;
  readonly tta?: Views;
  /** A page to write: the worst images with their errors. */
  readonly report?: string;
  /** How many images it shows. */
  readonly worst?: number;
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

/** What is evaluated: a network, on which images. */
async function listEvaluated(
  { card }: TrainedNetwork,
  { model, limit, heldBack = false, ...options }: EvaluateSegmentation,
): Promise<{ readonly settings: SegmentationSettings; readonly data: string; readonly files: readonly MaskedFile[] }> {
  const settings = settingsOf(card, model);
  const data = options.data ?? card.data;
  const listed = await listImages(data, heldBack, settings.testShare);
  if (limit !== undefined && limit > listed.length)
    throw new OptionError("--limit", `must be from 1 to ${listed.length}, the number of images, got ${limit}`);
  const files = limit === undefined ? listed : listed.slice(0, limit);
  if (files.length === 0) throw new OptionError("--held-back", `the training kept no image of ${data} for its test`);
  return { settings, data, files };
}

/** Segments images, compares them with their masks, and draws those on which the network does worst. */
export async function studyImages(
  network: TrainedNetwork,
  options: EvaluateSegmentation,
): Promise<{ readonly study: SegmentationStudy; readonly json: object }> {
  const { settings, data, files } = await listEvaluated(network, options);
  const { studySegmentation } = await import("../../tasks/segment/node/study.ts");
  const progress = createProgress();
  const study = await studySegmentation(network, settings, files, {
    data,
    worst: options.worst ?? 0,
    ...(options.tta === undefined ? {} : { views: options.tta }),
    onImage: (done) => progress.update(`image ${done}/${files.length}`, done / files.length),
  });
  progress.finish();
  return { study, json: toJson(study.found, { model: options.model, data }) };
}

/** Evaluates a network that segments on a folder of images with masks. */
export async function evaluateSegmentation(network: TrainedNetwork, options: EvaluateSegmentation): Promise<void> {
  const { report } = options;
  if (report !== undefined) await requireReportFile(report, "--report");
  const { study, json } = await studyImages(network, options);
  if (report !== undefined) await writeReport(report, reportSegmentation(study));
  if (options.json) printJson({ ...json, ...(report === undefined ? {} : { report }) });
  else printFound(study.found);
  if (report !== undefined) say(`report: ${report}`);
}
