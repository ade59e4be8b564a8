import { encodePng } from "../../files/png.ts";
import type { Figure } from "../../report/figures.ts";
import type { Report, ReportSection } from "../../report/report.ts";
import type { Words } from "../../report/words.ts";
import type { Plate } from "./find-plates.ts";
import type { Point } from "./geometry.ts";
import { paintPlates, toCanvas } from "./mark.ts";
import { drawPlaces } from "./places.ts";
import { plateTypeOf } from "./plate-type.ts";
import { resizePixels } from "./resize.ts";
import type { Pixels } from "./straighten.ts";
import { colourWords, typeWords } from "./words.ts";

/** A picture and the plates found in it. */
export interface ExplainedPicture {
  readonly name: string;
  readonly pixels: Pixels;
  readonly plates: readonly Plate[];
}

const both = (en: string, zh: string): Words => ({ en, zh });
const same = (text: string): Words => text;

/** Pictures in a page are shrunk to this. */
const LONGEST = 960;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function toPng({ width, height, data }: Pixels): Uint8Array {
  return encodePng({ width, height, channels: 3, samples: Uint8Array.from(data) });
}

/** The picture with its plates outlined and numbered, small enough for a page. */
function drawScene({ pixels, plates }: ExplainedPicture): Uint8Array {
  const scale = Math.min(1, LONGEST / Math.max(pixels.width, pixels.height));
  const size = [pixels.width, pixels.height].map((extent) => Math.max(1, Math.round(extent * scale)));
  const canvas = toCanvas(scale === 1 ? pixels : resizePixels(pixels, size[0], size[1]));
  const move = ([x, y]: Point): Point => [x * scale, y * scale];
  paintPlates(
    canvas,
    plates.map(({ corners: [a, b, c, d] }) => ({ corners: [move(a), move(b), move(c), move(d)] })),
  );
  return toPng(canvas);
}

function characterTable(plate: Plate, name: string): Figure {
  return {
    kind: "table",
    name: `${name}-characters`,
    caption: both(
      "Each character with its probability, and those that came next. The weakest character is what the whole plate is worth.",
      "每个字符及其概率，以及其次的候选。整牌的可信度以最弱的字符为准。",
    ),
    columns: [
      { title: both("number", "编号"), align: "right" },
      { title: both("character", "字符"), align: "left" },
      { title: both("probability", "概率"), align: "right" },
      { title: both("next", "其次"), align: "left" },
    ],
    rows: plate.characters.map(({ character, confidence, alternatives }, index) => [
      same(String(index + 1)),
      same(character),
      same(percent(confidence)),
      same(alternatives.map((other) => `${other.character} ${percent(other.confidence)}`).join(", ") || "–"),
    ]),
  };
}

function join(language: "en" | "zh", words: Words): string {
  return typeof words === "string" ? words : words[language];
}

function explainPlate(
  plate: Plate,
  number: number,
  name: string,
): readonly (Figure | ReportSection["parts"][number])[] {
  const { text, colour, rows, confidence, score, alternatives, straightened } = plate;
  const type = typeWords[plateTypeOf(plate)];
  const tell = (language: "en" | "zh"): string => {
    const [kind, paint] = [join(language, type), join(language, colourWords[colour])];
    return language === "en"
      ? `${number}: ${text}, ${paint}, ${kind}, ${rows === 1 ? "one row" : "two rows"}. The locator is ${percent(score)} sure that it is a plate; its weakest character has ${percent(confidence)}.`
      : `${number}：${text}，${paint}，${kind}，${rows === 1 ? "单行" : "双行"}。是车牌的概率 ${percent(score)}；最弱字符的概率 ${percent(confidence)}。`;
  };
  const others = alternatives.map(({ text: other, ratio }) => `${other} (${ratio.toPrecision(2)})`).join(", ");
  return [
    { kind: "text", text: both(tell("en"), tell("zh")) },
    {
      kind: "pictures",
      name: `${name}-plate`,
      caption: both(
        "The plate straightened by its four corners, as the reader takes it, and where the reader looked for each character: the numbers are those of the table, a cross is the mean of its attention, a box its spread.",
        "按四个角点校正后的车牌，即读取网络的输入，以及网络读取每个字符时所看的位置：编号与下表一致，十字为注意力的均值，方框为其范围。",
      ),
      columns: 2,
      width: 3 * straightened.width,
      isSmooth: true,
      pictures: [
        { png: toPng(straightened), caption: both("straightened", "校正后") },
        { png: toPng(drawPlaces(plate)), caption: both("where characters were seen", "字符的位置") },
      ],
    },
    characterTable(plate, name),
    ...(others === ""
      ? []
      : [
          {
            kind: "note",
            text: both(
              `Other texts, with their probability relative to the first: ${others}.`,
              `其他候选文本及其相对于首选的概率：${others}。`,
            ),
          } as const,
        ]),
  ];
}

function explainPicture(picture: ExplainedPicture, index: number): ReportSection {
  const { name, plates } = picture;
  const scene: Figure = {
    kind: "pictures",
    name: `picture-${index + 1}`,
    caption:
      plates.length === 0
        ? both("No plate was found.", "未找到车牌。")
        : both("Plates by their four corners, the most certain first.", "按四个角点标出的车牌，最可信的在前。"),
    columns: 1,
    width: 720,
    isSmooth: true,
    pictures: [{ png: drawScene(picture), caption: same(name) }],
  };
  return {
    heading: same(name),
    parts: [scene, ...plates.flatMap((plate, at) => explainPlate(plate, at + 1, `picture-${index + 1}-${at + 1}`))],
  };
}

/** A page that shows how plates were found and read: the picture, the straightened plate, the place of each character, runners-up. */
export function explainPlates(pictures: readonly ExplainedPicture[], networks: string): Report {
  const count = pictures.reduce((sum, { plates }) => sum + plates.length, 0);
  return {
    title: both("How plates were found and read", "车牌是怎样找到和读出的"),
    lead: [
      both(
        `${count} ${count === 1 ? "plate" : "plates"} in ${pictures.length} ${pictures.length === 1 ? "picture" : "pictures"}, by ${networks}.`,
        `${pictures.length} 张图像中共 ${count} 块车牌，所用网络：${networks}。`,
      ),
    ],
    sections: pictures.map(explainPicture),
  };
}
