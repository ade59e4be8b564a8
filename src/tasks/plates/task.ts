import type { Task, TaskTypes } from "../task.ts";
import { joinPlateNetworks } from "./join.ts";
import { judgePlates, type JudgePlatesOptions, type PlateJudgement, type PlateSample } from "./judge.ts";
import type { FindPlatesOptions } from "./find-plates.ts";
import { measuresOfPart, plateMeasures } from "./measures.ts";
import { type PlatePrediction, predictPlates } from "./predict.ts";
import { type PlatesStudy, reportPlates } from "./report.ts";
import { type PlateSettings, plateSettings } from "./settings.ts";
import { platesStep, refusedFields } from "./step.ts";
import type { Pixels } from "./straighten.ts";
import type { PlatesTrainOptions } from "./train-options.ts";

/** The types of finding and reading plates. */
export interface PlatesTypes extends TaskTypes {
  readonly settings: PlateSettings;
  readonly input: Pixels;
  readonly predictOptions: FindPlatesOptions;
  readonly trainOptions: PlatesTrainOptions;
  readonly output: PlatePrediction;
  readonly sample: PlateSample;
  readonly judgeOptions: JudgePlatesOptions;
  readonly judgement: PlateJudgement;
  readonly study: PlatesStudy;
}

/** Licence plates: found by their corners, straightened, read. */
export const plates: Task<"plates", PlatesTypes> = {
  name: "plates",
  settings: plateSettings,
  step: platesStep,
  refuses: refusedFields,
  trainingMeasure: plateMeasures.wholePlate,
  measures: measuresOfPart,
  join: joinPlateNetworks,
  predict: predictPlates,
  judge: judgePlates,
  samplesInMemory: null,
  report: reportPlates,
  setUpInMemory: null,
};
