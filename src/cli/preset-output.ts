import { type Augmentation, describeAugmentation } from "../data/augmentation.ts";
import { phrase, type Words } from "../report/words.ts";
import type { FreshTraining } from "../train/node/job.ts";
import { type Fields, listFields } from "./list-fields.ts";

const term = (en: string, zh: string, text: string): readonly Words[] =>
  text === "" ? [] : [phrase({ en: `${en} `, zh: `${zh} ` }, text)];

const describeCrops = (augmentation: Augmentation): string =>
  augmentation.cropPadding > 0 || augmentation.flip ? describeAugmentation(augmentation) : "";

/** A training that a preset began, in full: one line for each of its parts, under the names that options and fields have. */
export function describePresetTraining(preset: string, start: FreshTraining): readonly Words[] {
  const { model, modelOptions, recipe, augmentation, validation, imageSize, task } = start;
  const { optimizer, ...fields } = recipe;
  const { name: _, ...settings } = (task ?? {}) as Fields;
  const { name, ...rates } = optimizer;
  const network = [model ?? start.from ?? start.weights?.path ?? "", listFields(modelOptions as Fields)];
  const parts: readonly (readonly Words[])[] = [
    term("network", "网络", network.filter((part) => part !== "").join(", ")),
    imageSize === undefined ? [] : term("image size", "图像尺寸", String(imageSize)),
    term("recipe", "配方", listFields(fields)),
    term("optimizer", "优化器", [name, listFields(rates)].join(", ")),
    term("images", "图像", describeCrops(augmentation)),
    term("validation", "验证", validation === undefined ? "" : String(validation)),
    term("task", "任务", listFields(settings)),
  ];
  const own = parts.flat();
  return own.map((words) => phrase({ en: `preset ${preset}: `, zh: `预设 ${preset}：` }, words));
}
