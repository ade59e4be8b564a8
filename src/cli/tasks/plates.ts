import type { Evaluation } from "../../train/evaluation.ts";
import { measuresOfPart } from "../../tasks/plates/measures.ts";
import { phrase, type Words } from "../../report/words.ts";
import { describeMeasures } from "../measures-output.ts";
import type { TaskFlags } from "../task-flags.ts";
import { evaluatePlates, evaluationOptions, reportOnPlates } from "./plates/evaluation.ts";
import { predictionOptions, predictPlateFiles } from "./plates/prediction.ts";
import { optionsOfCheckpoint, startPlatesTraining, trainingOptions } from "./plates/training.ts";

function describeTest({ count, measures }: Evaluation): Words {
  const known = [...measuresOfPart({ part: "locate" }), ...measuresOfPart({ part: "read" })];
  const measured = known.filter(({ name }) => measures[name] !== null && measures[name] !== undefined);
  return phrase(
    { en: `Test on ${count} pictures: `, zh: `${count} 幅测试图像：` },
    describeMeasures(measures, measured),
    { en: ".", zh: "。" },
  );
}

/** Licence plates on the command line. */
export const flags: TaskFlags = {
  heading: "Licence plates:",
  options: { train: trainingOptions, evaluate: evaluationOptions, predict: predictionOptions, report: () => [] },
  presets: [],
  impliedBy: ["part", "glyphs"],
  startTraining: startPlatesTraining,
  optionsOf: optionsOfCheckpoint,
  describeTest,
  evaluate: evaluatePlates,
  predict: predictPlateFiles,
  report: reportOnPlates,
};
