import type { Command } from "commander";
import { normalizationTables, noAugmentation, writeSample } from "../../data/augmentation.ts";
import { decodeImage } from "../../data/node/image.ts";
import { stepNames } from "../../compile/step/names.ts";
import { float32 } from "../../tensor/tensor.ts";
import type { TrainedNetwork } from "../../networks/open.ts";
import { type ModelFileOptions, openModelFile, trustedKeyOption } from "../model-file.ts";
import { sharedOptions, wholeNumber } from "../options.ts";
import { weightsOptions } from "../weights-options.ts";
import { formatTable, print, printJson } from "../output.ts";

interface Options extends ModelFileOptions {
  readonly model: string;
  readonly top: number;
  readonly json?: boolean;
}

interface Prediction {
  readonly class: string;
  readonly probability: number;
}

/** softmax, shifted by the maximum so that it cannot overflow. */
function toProbabilities(scores: Float32Array): readonly number[] {
  const highest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = Array.from(scores, (score) => Math.exp(score - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

async function classify({ card, session }: TrainedNetwork, path: string, top: number): Promise<readonly Prediction[]> {
  const [channels, height, width] = card.imageShape;
  const format = { channels, height, width };
  const images = await decodeImage(path, format);
  const input = new Float32Array(images.length);
  const set = { ...format, images, labels: new Int32Array(1), count: 1 };
  writeSample(set, normalizationTables(card.normalization), noAugmentation, { seed: 0, epoch: 0, index: 0 }, input, 0);
  const { [stepNames.scores]: scores } = await session.run({
    [stepNames.images]: float32([1, channels, height, width], input),
  });
  const { data } = await scores.read();
  return toProbabilities(data as Float32Array)
    .map((probability, label) => ({ class: card.classes[label], probability }))
    .toSorted((a, b) => b.probability - a.probability)
    .slice(0, top);
}

async function predict(paths: readonly string[], { model, top, json, ...options }: Options): Promise<void> {
  const network = await openModelFile(model, options);
  try {
    const results: { readonly image: string; readonly predictions: readonly Prediction[] }[] = [];
    for (const path of paths) results.push({ image: path, predictions: await classify(network, path, top) });
    if (json) return printJson({ model, results });
    const columns = [
      { title: "image", value: (row: (typeof results)[number]) => row.image },
      {
        title: "classes",
        value: (row: (typeof results)[number]) =>
          row.predictions.map((found) => `${found.class} ${(100 * found.probability).toFixed(1)} %`).join(", "),
      },
    ];
    print(formatTable(columns, results));
  } finally {
    await network.session.release();
  }
}

/** `residua predict IMAGE…`: what a trained network says of images. */
export function registerPredict(program: Command): void {
  program
    .command("predict")
    .argument("<image...>", "image files")
    .requiredOption("--model <file>", "what residua train wrote, or weights that residua inspect is sure of")
    .option("--top <n>", "classes to show for each image", wholeNumber(1), 3)
    .addOption(trustedKeyOption())
    .addOption(sharedOptions.shortcut())
    .addOption(weightsOptions.layout())
    .addOption(weightsOptions.entry())
    .addOption(weightsOptions.partial())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      "\nExamples:\n  $ residua predict --model residua-train/model.onnx digit.png\n  $ residua predict --model resnet18.pth --top 5 cat.jpg",
    )
    .action(predict);
}
