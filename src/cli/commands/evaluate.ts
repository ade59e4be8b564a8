import { type Command, Option } from "commander";
import { takeFirst } from "../../data/image-set.ts";
import { openEvaluation } from "../../data/node/evaluation.ts";
import { openDataset } from "../../data/node/open.ts";
import { evaluate as evaluateOn, evaluationBatchSize } from "../../train/evaluate.ts";
import { OptionError, ShapeError } from "../../tensor/errors.ts";
import { cacheFolder } from "../cache.ts";
import { type ModelFileOptions, openModelFile, trustedKeyOption } from "../model-file.ts";
import { onlyGiven, sharedOptions, wholeNumber } from "../options.ts";
import { weightsOptions } from "../weights-options.ts";
import { print, printJson } from "../output.ts";
import { evaluateSegmentation } from "../tasks/segment-evaluate.ts";
import type { Views } from "../../tasks/segment/predict.ts";
import { viewsOption } from "./segment.ts";

/** Images that a page shows unless another number is wanted. */
const WORST_IMAGES = 24;

interface Options extends ModelFileOptions {
  readonly model: string;
  readonly data?: string;
  readonly limit?: number;
  readonly topK: number;
  readonly task?: "classify" | "segment";
  readonly heldBack?: boolean;
  readonly tta?: Views;
  readonly report?: string;
  readonly worst?: number;
  readonly json?: boolean;
}

/** What a network does; `--task` may say it, but not otherwise. */
function requireTask(model: string, own: string, wanted: string | undefined): void {
  if (wanted !== undefined && wanted !== own)
    throw new OptionError("--task", `is ${wanted}, but ${model} was trained to ${own}`);
}

async function evaluate({
  model,
  data: wanted,
  limit,
  topK,
  json,
  task,
  heldBack,
  tta,
  report,
  worst,
  ...options
}: Options): Promise<void> {
  const network = await openModelFile(model, options);
  const { card, session } = network;
  try {
    requireTask(model, card.task?.name ?? "classify", task);
    if (card.task !== undefined)
      return await evaluateSegmentation(network, {
        model,
        ...onlyGiven({ data: wanted, heldBack, limit, tta, report, json }),
        worst: report === undefined ? 0 : (worst ?? WORST_IMAGES),
      });
    const other = Object.entries({ "--held-back": heldBack, "--tta": tta, "--report": report, "--worst": worst });
    const given = other.find(([, value]) => value !== undefined);
    if (given !== undefined)
      throw new OptionError(
        given[0],
        `is of networks that segment${given[0] === "--report" ? "; residua report makes a page of this one" : ""}`,
      );
    if (wanted === undefined && card.data === "")
      throw new OptionError("--data", `is needed: ${model} does not say what it was trained on`);
    const [channels, height, width] = card.imageShape;
    const data = await openDataset(wanted ?? card.data, cacheFolder(), { channels, height, width });
    const { test } = data;
    if (test.channels !== channels || test.height !== height || test.width !== width) {
      throw new ShapeError(
        "--data",
        `has images of ${test.channels}×${test.height}×${test.width}, the network takes ${channels}×${height}×${width}`,
      );
    }
    if (data.classes.length > card.classes.length) {
      throw new OptionError(
        "--data",
        `has ${data.classes.length} classes, the network has ${card.classes.length}; give data of its own classes`,
      );
    }
    const images = limit === undefined ? test : takeFirst(test, limit);
    const found = await evaluateOn(
      session,
      openEvaluation(images, card.normalization, evaluationBatchSize(card.imageShape)),
      { topK },
    );
    if (json) return printJson({ model, data: data.name, ...found });
    print(
      `${(100 * found.accuracy).toFixed(2)} % of ${found.count} test images (top ${found.topK.k}: ${(100 * found.topK.accuracy).toFixed(2)} %), loss ${found.loss.toFixed(4)}`,
    );
  } finally {
    await session.release();
  }
}

/** `residua evaluate`: accuracy of a trained network on a test set, or how well it segments. */
export function registerEvaluate(program: Command): void {
  program
    .command("evaluate")
    .requiredOption("--model <file>", "what residua train wrote, or weights that residua inspect is sure of")
    .option("--data <name|dir>", "data set (default: the one it was trained on)")
    .addOption(new Option("--limit <n>", "use the first n test images").argParser(wholeNumber(1)))
    .addOption(new Option("--task <name>", "what the network must do").choices(["classify", "segment"]))
    .option(
      "--held-back",
      "of a folder without test/, only the images that a training for segmentation kept for its test",
    )
    .addOption(viewsOption())
    .addOption(
      new Option(
        "--report <file>",
        "write a page: image, truth, prediction and errors side by side, worst images first",
      ),
    )
    .addOption(
      new Option("--worst <n>", `images that the page shows (default: ${WORST_IMAGES})`).argParser(wholeNumber(0)),
    )
    .option("--top-k <n>", "also count a label among the n highest scores", wholeNumber(1), 5)
    .addOption(trustedKeyOption())
    .addOption(sharedOptions.shortcut())
    .addOption(weightsOptions.layout())
    .addOption(weightsOptions.entry())
    .addOption(weightsOptions.partial())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      "\nExamples:\n  $ residua evaluate --model residua-train/model.onnx --data mnist\n  $ residua evaluate --model resnet20-12fca82f.th --data cifar10\n  $ residua evaluate --task segment --model runs/cells/model.onnx --data nuclei/ --json\n  $ residua evaluate --model runs/cells/model.onnx --held-back --report cells.html",
    )
    .action(evaluate);
}
