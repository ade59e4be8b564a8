import type { Words } from "../../report/words.ts";
import type { PlateColour } from "./alphabet.ts";
import type { PlateType } from "./plate-type.ts";

const both = (en: string, zh: string): Words => ({ en, zh });

/** What colours are called. */
export const colourWords: Readonly<Record<PlateColour, Words>> = {
  blue: both("blue", "蓝色"),
  yellow: both("yellow", "黄色"),
  green: both("green", "绿色"),
  white: both("white", "白色"),
  black: both("black", "黑色"),
};

/** What types are called. */
export const typeWords: Readonly<Record<PlateType, Words>> = {
  ordinary: both("ordinary", "小型汽车"),
  large: both("large vehicle", "大型汽车"),
  "new energy": both("new energy", "新能源"),
  learner: both("learner", "教练车"),
  police: both("police", "警车"),
  trailer: both("trailer", "挂车"),
  "Hong Kong": both("Hong Kong", "港"),
  Macao: both("Macao", "澳"),
  embassy: both("embassy", "使馆"),
  consulate: both("consulate", "领馆"),
  other: both("other", "其他"),
};
