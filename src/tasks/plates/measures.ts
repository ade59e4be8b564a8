import type { Measure } from "../../train/measure.ts";
import type { PlateSettings } from "./settings.ts";

const measure = (name: string, en: string, zh: string): Measure => ({ name, words: { en, zh }, better: "higher" });

type Name = "found" | "wholePlate" | "firstCharacter" | "precision" | "centres";

/** What is measured of plates. */
export const plateMeasures: { readonly [N in Name]: Measure } = {
  found: measure("found", "plates found", "检出率"),
  wholePlate: measure("wholePlate", "whole plates right", "整牌识别率"),
  firstCharacter: measure("firstCharacter", "first characters right", "首字识别率"),
  precision: measure("precision", "precision", "精确率"),
  centres: measure("centres", "centres found", "中心检出率"),
};

/** Measures by which a network for plates is judged, the one that chooses the best epoch first. */
export function measuresOfPart({ part }: Pick<PlateSettings, "part">): readonly [Measure, ...Measure[]] {
  const { found, precision, wholePlate, firstCharacter } = plateMeasures;
  return part === "locate" ? [found, precision] : [wholePlate, firstCharacter];
}
