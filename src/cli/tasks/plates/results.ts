import { type CsvCell, encodeCsv } from "../../../files/csv.ts";
import { describePlate } from "../../../tasks/plates/describe-plate.ts";
import type { Plate } from "../../../tasks/plates/find-plates.ts";
import { plateTypeOf } from "../../../tasks/plates/plate-type.ts";
import type { Words } from "../../../report/words.ts";
import { colourWords, typeWords } from "../../../tasks/plates/words.ts";
import { heads } from "../../lang/heads.ts";
import { type Column, formatTable } from "../../output.ts";

/** What was found in one picture. */
export interface FoundPlates {
  readonly image: string;
  readonly width: number;
  readonly height: number;
  /** The most certain first. */
  readonly plates: readonly Plate[];
  /** What was written for it. */
  readonly files: readonly string[];
}

interface Row {
  readonly image: string;
  /** From 1, as on the overlay; 0 if there is no plate. */
  readonly number: number;
  readonly plate?: Plate;
}

const rowsOf = (found: readonly FoundPlates[]): readonly Row[] =>
  found.flatMap(({ image, plates }): readonly Row[] =>
    plates.length === 0 ? [{ image, number: 0 }] : plates.map((plate, index) => ({ image, number: index + 1, plate })),
  );

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const of = (plate: Plate | undefined, tell: (plate: Plate) => Words): Words => (plate === undefined ? "" : tell(plate));

const columns: readonly Column<Row>[] = [
  { title: heads.images, value: ({ image }) => image },
  { title: "", value: ({ number }) => (number === 0 ? "" : String(number)), align: "right" },
  { title: { en: "plate", zh: "车牌" }, value: ({ plate }) => plate?.text ?? "–" },
  { title: { en: "colour", zh: "颜色" }, value: ({ plate }) => of(plate, ({ colour }) => colourWords[colour]) },
  { title: { en: "type", zh: "类型" }, value: ({ plate }) => of(plate, (own) => typeWords[plateTypeOf(own)]) },
  { title: { en: "rows", zh: "行数" }, value: ({ plate }) => of(plate, ({ rows }) => String(rows)), align: "right" },
  {
    title: { en: "weakest", zh: "最低字符概率" },
    value: ({ plate }) => of(plate, ({ confidence }) => percent(confidence)),
    align: "right",
  },
  { title: { en: "next", zh: "次选读数" }, value: ({ plate }) => plate?.alternatives[0]?.text ?? "" },
];

/** A line for each plate, and for each picture without any. */
export function plateTable(found: readonly FoundPlates[]): string {
  return formatTable(columns, rowsOf(found));
}

const head = "picture,number,text,colour,type,rows,confidence,score,x1,y1,x2,y2,x3,y3,x4,y4,alternative".split(",");
const short = (value: number, digits: number): number => Number(value.toFixed(digits));

/** The same lines as comma-separated values, with the corners in pixels, clockwise from the top left. */
export function platesToCsv(found: readonly FoundPlates[]): string {
  const lines = rowsOf(found).map(({ image, number, plate }): readonly CsvCell[] => {
    if (plate === undefined) return [image, number, ...head.slice(2).map(() => null)];
    const { text, colour, rows, confidence, score, corners, alternatives } = plate;
    const about = [text, colour, plateTypeOf(plate), rows, short(confidence, 4), short(score, 4)];
    const places = corners.flat().map((value) => short(value, 1));
    return [image, number, ...about, ...places, alternatives[0]?.text ?? null];
  });
  return encodeCsv([head, ...lines]);
}

/** A picture's plates as `--json` prints them. */
export function platesToJson({ plates, ...image }: FoundPlates): object {
  return { ...image, plates: plates.map(describePlate) };
}
