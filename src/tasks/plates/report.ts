import type { TableFigure } from "../../report/figures.ts";
import { type NetworkOrigin, originSections } from "../../report/origin.ts";
import type { Report } from "../../report/report.ts";
import type { Words } from "../../report/words.ts";
import type { PictureFigures, PlateFigures } from "./evaluate.ts";
import { plateMeasures } from "./measures.ts";

/** What a report about plates is made from. */
export interface PlatesStudy extends NetworkOrigin {
  /** Names of the networks. */
  readonly label: string;
  readonly data: string;
  readonly figures: PlateFigures;
  readonly pictures: readonly PictureFigures[];
}

const both = (en: string, zh: string): Words => ({ en, zh });
const same = (text: string): Words => both(text, text);
const figure = (value: number | null): string => (value === null ? "–" : value.toFixed(3));
/** More rows make no table that anybody reads. */
const MOST_ROWS = 500;

/** A report: the figures, then every plate that was missed or misread. */
export function reportPlates(study: PlatesStudy): Report {
  const { label, data, figures, pictures } = study;
  const { found, wholePlate, firstCharacter, falsePlates, plates } = figures;
  const rows = [
    [plateMeasures.found.words, figure(found)],
    [plateMeasures.wholePlate.words, figure(wholePlate)],
    [plateMeasures.firstCharacter.words, figure(firstCharacter)],
    [both("false plates", "误检数"), String(falsePlates)],
  ] as const;
  const overall: TableFigure = {
    kind: "table",
    name: "figures",
    caption: both(
      `${plates} plates of ${figures.pictures} pictures`,
      `${figures.pictures} 张图像中的 ${plates} 块车牌`,
    ),
    columns: [
      { title: both("measure", "指标"), align: "left" },
      { title: both("value", "数值"), align: "right" },
    ],
    rows: rows.map(([words, value]) => [words, same(value)]),
  };
  const wrong = pictures.flatMap(({ name, plates: all }) =>
    all
      .filter(
        (plate) =>
          plate.found === undefined || (plate.found.text !== undefined && plate.found.text !== plate.truth.text),
      )
      .map((plate) => [name, plate.truth.text ?? "", plate.found?.text ?? ""]),
  );
  const mistakes: TableFigure = {
    kind: "table",
    name: "mistakes",
    caption: both("plates missed or misread", "漏检或误读的车牌"),
    columns: [
      { title: both("picture", "图像"), align: "left" },
      { title: both("labelled", "标注"), align: "left" },
      { title: both("read", "识别"), align: "left" },
    ],
    rows: wrong.slice(0, MOST_ROWS).map((row) => row.map(same)),
  };
  return {
    title: both("Licence plates", "车牌"),
    lead: [
      both(
        `${label} on ${data}: ${figure(found)} of the plates found, ${figure(wholePlate)} read without a mistake.`,
        `${label} 在 ${data} 上：检出 ${figure(found)} 的车牌，整牌识别率 ${figure(wholePlate)}。`,
      ),
    ],
    sections: [
      { heading: both("Figures", "结果"), parts: [overall] },
      { heading: both("Mistakes", "错误"), parts: [mistakes] },
      ...originSections(study),
    ],
  };
}
