import type { Command } from "commander";
import type { Evaluation } from "../../train/evaluation.ts";
import { type ModelFileOptions, openModelOrReady, trustedKeyOption } from "../model-file.ts";
import { sharedOptions } from "../options.ts";
import type { OptionValues } from "../recipe-flags.ts";
import { registerDraw } from "./segment/drawing.ts";
import { evaluateSegmentation, evaluationOptions, reportSegmenting } from "./segment/evaluation.ts";
import { segmentFiles, segmentOptions } from "./segment/segmenting.ts";
import { optionsOfCheckpoint, startSegmentation, trainingOptions } from "./segment/training.ts";
import type { TaskFlags } from "../task-flags.ts";
import { joinWords, phrase, type Words } from "../../report/words.ts";
import { describeMeasures, nothing } from "../measures-output.ts";
import type { SegmentationJudgement } from "../../tasks/segment/judge.ts";
import { segmentationPresets } from "../../tasks/segment/presets.ts";
import { segmentationMeasures } from "../../tasks/segment/measures.ts";

function describeTest(test: Evaluation): Words {
  const { count, measures, dice = {} } = test as Evaluation & Partial<SegmentationJudgement>;
  const known = Object.values(segmentationMeasures).filter(({ name }) => Object.hasOwn(measures, name));
  const byClass = Object.entries(dice).map(([name, value]) =>
    phrase({ en: `Dice of ${name} `, zh: `${name} 的 Dice ` }, value?.toFixed(3) ?? nothing),
  );
  return phrase(
    { en: `Test on ${count} images: `, zh: `${count} 幅测试图像：` },
    joinWords([describeMeasures(measures, known), ...byClass]),
    { en: ".", zh: "。" },
  );
}

/** Segmentation on the command line. */
export const flags: TaskFlags = {
  heading: "Segmentation:",
  options: { train: trainingOptions, evaluate: evaluationOptions, predict: segmentOptions, report: () => [] },
  presets: Object.keys(segmentationPresets),
  impliedBy: [],
  startTraining: startSegmentation,
  optionsOf: optionsOfCheckpoint,
  describeTest,
  evaluate: evaluateSegmentation,
  predict: segmentFiles,
  report: reportSegmenting,
  addDataCommands: registerDraw,
};

interface Options extends ModelFileOptions {
  readonly model?: string;
  readonly json?: boolean;
}

async function segment(paths: readonly string[], options: Options): Promise<void> {
  const { json = false } = options;
  const { network, ...opened } = await openModelOrReady(options.model, "segment", options);
  try {
    await segmentFiles(network, { ...opened, paths, json, options: options as unknown as OptionValues });
  } finally {
    await network.session.release();
  }
}

/** `residua segment IMAGE…`: `residua predict` for segmentation networks, with only their options. */
export function registerSegment(program: Command): void {
  const command = program
    .command("segment")
    .argument("<image...>", "image files, folders of them, or globs: PNG, TIFF, JPEG … (docs/images.md)")
    .option("--model <name|file>", "a ready network, or one from residua train --task segment (default: cells)");
  for (const option of segmentOptions()) command.addOption(option);
  command
    .addOption(trustedKeyOption())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.device())
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
For each image: NAME.cells.png (the number of its cell at each point, 0 is background), NAME.overlay.png (outlines and numbers),
NAME.csv (shape and intensity of each cell), NAME.geojson (outlines in pixels and measurements, for QuPath) and NAME.rois.zip
(outlines for ImageJ). For all of them: cells.csv (every cell) and summary.csv (one row per image). A network for classes of points
gives NAME.classes.png, NAME.overlay.png and summary.csv (shares of the classes).

Examples:
  $ residua segment culture.tif
  $ residua segment plate/*.tif --model runs/cells/model.onnx --out found
  $ residua segment slide.png --model runs/cells/model.onnx --tta 4 --pixel-size 0.5`,
    )
    .action(segment);
}
