import type { Plate } from "./find-plates.ts";
import type { Point } from "./geometry.ts";
import { type Canvas, type Colour, paintBox, paintLine, paintNumber, paintOutline } from "./mark.ts";
import type { CharacterPlace } from "./read.ts";
import { resizePixels } from "./resize.ts";

/** The straightened plate is drawn so many times larger. */
const ENLARGED = 4;
/** A character reaches about so many deviations from its middle. */
const REACH = 1.9;
/** Rows below the plate, and above one of two rows, that have the numbers; pixels of a number's points, and columns from one number to the next. */
const [BAND, SIZE, GAP] = [32, 3, 20];
const GROUND: Colour = [58, 60, 66];

/** Neighbours differ for every kind of sight, on plates of every colour. @source Okabe and Ito 2008 */
const colours: readonly Colour[] = [
  [213, 94, 0],
  [0, 114, 178],
  [0, 158, 115],
  [204, 121, 167],
];

interface Mark {
  readonly number: number;
  readonly colour: Colour;
  readonly place: CharacterPlace;
}

/** Where numbers stand so that none covers another: at their characters if there is room. */
function spread(marks: readonly Mark[], width: number): readonly (Mark & { readonly x: number })[] {
  let least = 0;
  const placed = marks
    .toSorted((a, b) => a.place.x - b.place.x)
    .map((mark) => {
      const x = Math.max(least, ENLARGED * mark.place.x);
      least = x + GAP;
      return { ...mark, x };
    });
  let most = width - GAP;
  return placed
    .toReversed()
    .map((mark) => {
      const x = Math.min(most, mark.x);
      most = x - GAP;
      return { ...mark, x };
    })
    .toReversed();
}

/** A cross at the mean of a character's attention, a box for its spread. */
function paintPlace(canvas: Canvas, { place: { x, y, spreadX, spreadY }, colour }: Mark, top: number): void {
  const [cx, cy] = [ENLARGED * x, top + ENLARGED * y];
  const [across, down] = [ENLARGED * REACH * spreadX, ENLARGED * REACH * spreadY];
  const corners: readonly Point[] = [
    [cx - across, cy - down],
    [cx + across, cy - down],
    [cx + across, cy + down],
    [cx - across, cy + down],
  ];
  paintOutline(canvas, corners, 5, [255, 255, 255]);
  paintOutline(canvas, corners, 3, colour);
  paintBox(canvas, [cx - 7, cy - 2.5], [15, 5], [255, 255, 255]);
  paintBox(canvas, [cx - 2.5, cy - 7], [5, 15], [255, 255, 255]);
  paintBox(canvas, [cx - 6, cy - 1.5], [13, 3], colour);
  paintBox(canvas, [cx - 1.5, cy - 6], [3, 13], colour);
}

/** The straightened plate, enlarged, with the place of each character, numbered in the order of the text. */
export function drawPlaces({
  straightened,
  characters,
  rows,
}: Pick<Plate, "straightened" | "characters" | "rows">): Canvas {
  const [width, height] = [ENLARGED * straightened.width, ENLARGED * straightened.height];
  const top = rows === 2 ? BAND : 0;
  const whole = top + height + BAND;
  const canvas: Canvas = { width, height: whole, data: new Uint8Array(3 * width * whole) };
  paintBox(canvas, [0, 0], [width, whole], GROUND);
  canvas.data.set(resizePixels(straightened, width, height).data, 3 * width * top);
  const marks = characters.map(({ place }, index): Mark => ({
    number: index + 1,
    colour: colours[index % colours.length],
    place,
  }));
  for (const mark of marks) paintPlace(canvas, mark, top);
  const isUpper = ({ place }: Mark): boolean => rows === 2 && place.y < straightened.height / 2;
  for (const [upper, own] of [
    [true, marks.filter(isUpper)],
    [false, marks.filter((mark) => !isUpper(mark))],
  ] as const)
    for (const { number, colour, place, x } of spread(own, width)) {
      const reach = ENLARGED * REACH * place.spreadY;
      const [edge, bottom] = upper ? [top, top - 6] : [top + height, whole - 4];
      const from = top + ENLARGED * place.y + (upper ? -reach : reach);
      const line = [
        [ENLARGED * place.x, from],
        [x, edge],
      ] as const;
      paintLine(canvas, line, 3, [255, 255, 255]);
      paintLine(canvas, line, 1, colour);
      paintNumber(canvas, number, [x - 2.5 * SIZE, bottom], { size: SIZE, colour });
    }
  return canvas;
}
