import { Option } from "commander";
import type { TrainedNetwork } from "../../../networks/open.ts";
import { readSettings } from "../../../tasks/find-task.ts";
import { findNodeTask } from "../../../tasks/node/find-node-task.ts";
import { locateDefaults } from "../../../tasks/plates/locate.ts";
import { predictPlates } from "../../../tasks/plates/predict.ts";
import { findImages } from "../../input-images.ts";
import { decimalNumber, onlyGiven } from "../../options.ts";
import { print, printJson } from "../../output.ts";
import type { PredictionRequest } from "../../task-flags.ts";

/** Options of `residua predict` for plates. */
export function predictionOptions(): readonly Option[] {
  return [
    new Option("--threshold <score>", `least score of a plate (default: ${locateDefaults.threshold})`).argParser(
      decimalNumber(0, 1),
    ),
  ];
}

/** Predicts pictures by one network: where plates are, or what a plate that is the whole picture says. */
export async function predictPlateFiles(
  network: TrainedNetwork,
  { model, paths, json, options }: PredictionRequest,
): Promise<void> {
  const opened = { ...network, settings: readSettings(network.card.task, "plates", model) };
  const { readInput } = await findNodeTask("plates");
  const { threshold } = options as { readonly threshold?: number };
  const found: object[] = [];
  for (const path of await findImages(paths)) {
    const prediction = await predictPlates(opened, await readInput(path, network.card), onlyGiven({ threshold }));
    if (json) found.push({ file: path, ...prediction });
    else if (prediction.part === "read") {
      const { text, colour, confidence } = prediction.reading;
      print(`${path}: ${text} (${colour}), weakest character ${confidence.toFixed(3)}`);
    } else {
      print(`${path}: ${prediction.plates.length} plates`);
      for (const { corners, score } of prediction.plates)
        print(`  ${score.toFixed(3)}  ${corners.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("  ")}`);
    }
  }
  if (json) printJson({ model, images: found });
}
