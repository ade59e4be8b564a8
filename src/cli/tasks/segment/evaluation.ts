import { Option } from "commander";
import type { NetworkOrigin } from "../../../report/origin.ts";
import type { TrainedNetwork } from "../../../networks/open.ts";
import type { Report } from "../../../report/report.ts";
import { readSettings, tasks } from "../../../tasks/find-task.ts";
import { findNodeTask } from "../../../tasks/node/find-node-task.ts";
import { summarizeClasses } from "../../../tasks/segment/class-figures.ts";
import { type ImageFigures, judgementOf } from "../../../tasks/segment/judge.ts";
import { noteAbsentClasses, noteEmptyMasks } from "../../../tasks/segment/mask-notes.ts";
import { measuresOfTarget } from "../../../tasks/segment/measures.ts";
import { cautionsOf } from "../../../train/cautions.ts";
import type { SegmentationStudy } from "../../../tasks/segment/report.ts";
import type { Views } from "../../../tasks/segment/tiles.ts";
import { OptionError } from "../../../tensor/errors.ts";
import { cacheFolder } from "../../cache.ts";
import { OutputFileOption } from "../../output-file.ts";
import { requireReportFile, writeReport } from "../../lab-job.ts";
import { openModelFile } from "../../model-file.ts";
import { sayNote } from "../../image-options.ts";
import { onlyGiven, wholeNumber } from "../../options.ts";
import { formatTable, print, printJson, say, sayMessage } from "../../output.ts";
import { createProgress } from "../../progress.ts";
import type { EvaluationRequest, ReportRequest } from "../../task-flags.ts";
import { viewsOption } from "./segmenting.ts";
import { spoken } from "../../lang/language.ts";

/** The store is loaded when a page is written. */
async function findOrigin(model: string, store?: string | false): Promise<NetworkOrigin> {
  const [{ findTrainingRun }, { findNetworkPath }] = await Promise.all([
    import("../training-run.ts"),
    import("../../../ready/node/find.ts"),
  ]);
  return findTrainingRun(await findNetworkPath(model, "model"), store);
}

/** Number of images that a page shows by default. */
const WORST_IMAGES = 24;

/** A network to study, and on which images. */
interface StudyRequest {
  readonly model: string;
  readonly data?: string;
  readonly limit?: number;
  /** Only images that training held out. */
  readonly heldBack?: boolean;
  readonly views?: Views;
  /** How many of the worst images are drawn. */
  readonly worst: number;
}

/** What {@link evaluationOptions} say. */
interface EvaluationFlags {
  readonly heldBack?: boolean;
  readonly tta?: Views;
  readonly report?: string;
  readonly worst?: number;
}

/** Options of `residua evaluate` for segmentation networks. */
export function evaluationOptions(): readonly Option[] {
  return [
    new Option(
      "--held-back",
      "evaluate only the images that training held out as its test part (for a folder without test/)",
    ),
    viewsOption(),
    new OutputFileOption(
      "--report <file>",
      "write a page with image, truth, prediction and errors side by side, worst images first",
    ),
    new Option("--worst <n>", `number of images on the page (default: ${WORST_IMAGES})`).argParser(wholeNumber(0)),
  ];
}

function toJson(found: ImageFigures, about: object): object {
  const { target, overall } = found;
  const images =
    found.target === "instances"
      ? found.images.map(({ name, figures }) => ({ name, ...figures }))
      : found.images.map((image) => ({ name: image.name, ...summarizeClasses([image], found.classes) }));
  return { ...about, target, count: images.length, ...overall, images };
}

function printFound(found: ImageFigures): void {
  const figure = (value: number | null): string => (value === null ? "–" : value.toFixed(3));
  if (found.target === "classes") {
    const { dice, iou, meanIou, meanDice } = found.overall;
    const rows = [
      ...found.classes.map((name) => [name, dice[name], iou[name]] as const),
      [spoken({ en: "mean", zh: "平均" }), meanDice, meanIou] as const,
    ];
    print(
      formatTable(
        [
          { title: { en: "class", zh: "类别" }, value: ([name]: (typeof rows)[number]) => name },
          { title: "Dice", value: ([, value]) => figure(value), align: "right" },
          { title: "IoU", value: ([, , value]) => figure(value), align: "right" },
        ],
        rows,
      ),
    );
    return;
  }
  const { overall, images } = found;
  print({
    en: `${overall.found} cells found in ${images.length} images, ${overall.cells} in the masks`,
    zh: `在 ${images.length} 幅图像中找到 ${overall.found} 个细胞，掩膜中有 ${overall.cells} 个`,
  });
  print({ en: `F1 at IoU 0.5     ${figure(overall.f1At50)}`, zh: `IoU 0.5 时的 F1   ${figure(overall.f1At50)}` });
  print({ en: `mean AP 0.5–0.9   ${figure(overall.meanAp)}`, zh: `平均 AP 0.5–0.9   ${figure(overall.meanAp)}` });
  print({
    en: `foreground Dice   ${figure(overall.foregroundDice)}`,
    zh: `前景 Dice         ${figure(overall.foregroundDice)}`,
  });
  print({ en: `border F1         ${figure(overall.borderF1)}`, zh: `边界 F1           ${figure(overall.borderF1)}` });
  print({
    en: `panoptic quality  ${figure(overall.panopticQuality)}`,
    zh: `全景质量 PQ       ${figure(overall.panopticQuality)}`,
  });
  print({
    en: `Jaccard (AJI)     ${figure(overall.aggregatedJaccard)}`,
    zh: `聚合 Jaccard      ${figure(overall.aggregatedJaccard)}`,
  });
  const worst = images.toSorted((a, b) => a.figures.meanAp - b.figures.meanAp).slice(0, 3);
  const listed = worst.map(({ name, figures }) => `${name} (${figure(figures.meanAp)})`).join(", ");
  print({ en: `worst images: ${listed}`, zh: `最差的图像：${listed}` });
}

/** Segments images, compares them with their masks, and draws those with the worst results. */
async function studyImages(
  network: TrainedNetwork,
  { model, views, worst, ...wanted }: StudyRequest,
): Promise<{ readonly study: SegmentationStudy; readonly json: object }> {
  const settings = readSettings(network.card.task, "segment", model);
  const opened = { ...network, settings };
  const { openSamples } = await findNodeTask("segment");
  const { data, count, samples } = await openSamples(opened, { ...wanted, cache: cacheFolder(), onNote: sayNote });
  const { studySegmentation } = await import("../../../tasks/segment/node/study.ts");
  const progress = createProgress();
  const study = await studySegmentation(opened, samples, {
    data,
    worst,
    ...onlyGiven({ views }),
    onImage: (done) => progress.update({ en: `image ${done}/${count}`, zh: `图像 ${done}/${count}` }, done / count),
  });
  progress.finish();
  return { study, json: toJson(study.found, { model, data }) };
}

/** What is missing in the masks that a network was compared with. */
function noteMasks(found: ImageFigures, classes: readonly string[]): string | undefined {
  if (found.target === "instances")
    return noteEmptyMasks(
      found.images.map(({ name, figures }) => ({ name, cells: figures.cells })),
      "of these images",
    );
  const pixelsOf = (label: number): number => found.images.reduce((sum, { regions }) => sum + regions[label].truth, 0);
  return noteAbsentClasses(
    classes.map((name, label) => ({ name, pixels: pixelsOf(label) })),
    "of these images",
  );
}

/** Evaluates a segmentation network on a folder of images with masks. */
export async function evaluateSegmentation(network: TrainedNetwork, request: EvaluationRequest): Promise<void> {
  const { model, data, limit, json } = request;
  const { heldBack, tta: views, report, worst: typedWorst } = request.options as EvaluationFlags;
  const worst = typedWorst ?? WORST_IMAGES;
  if (report === undefined && typedWorst !== undefined)
    throw new OptionError("--worst", "applies only to the page; give --report, too");
  if (report !== undefined) await requireReportFile(report, "--report");
  const chosen = onlyGiven({ data, limit, heldBack, views });
  const { study, json: figures } = await studyImages(network, {
    model,
    ...chosen,
    worst: report === undefined ? 0 : worst,
  });
  if (report !== undefined) await writeReport(report, tasks.segment.report({ ...study, ...(await findOrigin(model)) }));
  for (const caution of cautionsOf(judgementOf(study.found), measuresOfTarget(study.found)[0], "these images"))
    sayMessage(caution);
  const masks = noteMasks(study.found, network.card.classes);
  if (masks !== undefined) sayMessage(masks);
  if (json) printJson({ ...figures, ...(report === undefined ? {} : { report }) });
  else printFound(study.found);
  if (report !== undefined) say({ en: `report: ${report}`, zh: `报告：${report}` });
}

/** A page about a segmentation network. On its own training data, only held-out images are evidence. */
export async function reportSegmenting(
  model: string,
  { data, limit, threads, device, mistakes, store }: ReportRequest,
): Promise<{ readonly report: Report; readonly json: object }> {
  const { network } = await openModelFile(model, onlyGiven({ threads, device }));
  try {
    const heldBack = data === undefined;
    const chosen = { model, heldBack, ...onlyGiven({ data, limit }), worst: mistakes };
    const { study, json } = await studyImages(network, chosen);
    return { report: tasks.segment.report({ ...study, ...(await findOrigin(model, store)) }), json };
  } finally {
    await network.session.release();
  }
}
