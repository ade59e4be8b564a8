import type { Option } from "commander";
import type { TrainedNetwork } from "../../../networks/open.ts";
import { readSettings } from "../../../tasks/find-task.ts";
import { describePlate } from "../../../tasks/plates/describe-plate.ts";
import type { PlatePrediction } from "../../../tasks/plates/predict.ts";
import type { Reading } from "../../../tasks/plates/read.ts";
import { colourWords } from "../../../tasks/plates/words.ts";
import { phrase, type Words } from "../../../report/words.ts";
import { imageChoice, imageOptions, sayNote } from "../../image-options.ts";
import { doEach, findImages, reportFailures } from "../../input-images.ts";
import { onlyGiven } from "../../options.ts";
import { print, printJson } from "../../output.ts";
import { createProgress } from "../../progress.ts";
import { lookingChoice, type LookingFlags, lookingOptions } from "./looking.ts";
import type { PredictionRequest } from "../../task-flags.ts";

/** Options of `residua predict` for plates. */
export function predictionOptions(): readonly Option[] {
  return [...lookingOptions(), ...imageOptions()];
}

interface PredictionFlags extends LookingFlags {
  readonly page?: number;
  readonly channel?: number;
}

function toPlain<Found extends PlatePrediction>(found: Found): object {
  return found.part === "both" ? { ...found, plates: found.plates.map(describePlate) } : found;
}

function describeReading({ text, colour, confidence }: Pick<Reading, "text" | "colour" | "confidence">): Words {
  const weakest = confidence.toFixed(3);
  return phrase({ en: `${text} (`, zh: `${text}（` }, colourWords[colour], {
    en: `), weakest character ${weakest}`,
    zh: `），最弱字符 ${weakest}`,
  });
}

function printPrediction(path: string, prediction: PlatePrediction): void {
  if (prediction.part === "read")
    return print(phrase({ en: `${path}: `, zh: `${path}：` }, describeReading(prediction.reading)));
  const { length } = prediction.plates;
  print({ en: `${path}: ${length} ${length === 1 ? "plate" : "plates"}`, zh: `${path}：${length} 块车牌` });
  if (prediction.part === "both")
    return prediction.plates.forEach((plate) => print(phrase("  ", describeReading(plate))));
  for (const { corners, score } of prediction.plates)
    print(`  ${score.toFixed(3)}  ${corners.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("  ")}`);
}

/** Predicts pictures by one network: where plates are, or what a plate that is the whole picture says. */
export async function predictPlateFiles(
  network: TrainedNetwork,
  { model, ready, paths, json, options }: PredictionRequest,
): Promise<void> {
  const opened = { ...network, settings: readSettings(network.card.task, "plates", model) };
  const [{ findNodeTask }, { predictPlates }] = await Promise.all([
    import("../../../tasks/node/find-node-task.ts"),
    import("../../../tasks/plates/predict.ts"),
  ]);
  const { readInput } = await findNodeTask("plates");
  const flags = options as PredictionFlags;
  const how = lookingChoice(flags);
  const pictures = await findImages(paths);
  const progress = createProgress();
  const { results, failures } = await doEach(pictures, async (image, index) => {
    if (pictures.length > 1)
      progress.update(
        { en: `picture ${index + 1}/${pictures.length}`, zh: `图像 ${index + 1}/${pictures.length}` },
        index / pictures.length,
      );
    const input = await readInput(image, network.card, { ...imageChoice(flags), onNote: sayNote });
    return { image, ...(await predictPlates(opened, input, how)) };
  }).finally(() => progress.finish());
  reportFailures(failures, pictures.length);
  if (json)
    return printJson({
      model,
      ...onlyGiven({ ready }),
      results: results.map(toPlain),
      ...(failures.length === 0 ? {} : { failures }),
    });
  for (const { image, ...prediction } of results) printPrediction(image, prediction);
}
