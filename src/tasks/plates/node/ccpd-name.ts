import { FormatError } from "../../../tensor/errors.ts";
import type { Corners, Point } from "../geometry.ts";

/** Characters by their numbers in CCPD's file names. @source github.com/detectRecog/CCPD, README */
const firsts = Array.from("皖沪津渝冀晋蒙辽吉黑苏浙京闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新警学O");
const seconds = Array.from("ABCDEFGHJKLMNPQRSTUVWXYZO");
const others = Array.from("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789O");

/** What the name of a CCPD picture says. */
export interface CcpdName {
  readonly text: string;
  readonly corners: Corners;
}

const shape = /^\d+-\d+_\d+-\d+&\d+_\d+&\d+-((?:\d+&\d+_?){4})-((?:\d+_?){7,8})-\d+-\d+/;

/** Whether a file's name is of CCPD's form: area, tilt, box, corners, characters, brightness, blur. */
export function isCcpdName(name: string): boolean {
  return shape.test(name);
}

/** Reads the name of a CCPD picture. @throws {FormatError} if a character's number is not known */
export function parseCcpdName(name: string, where: string): CcpdName {
  const [, corners, numbers] = shape.exec(name) ?? [];
  if (corners === undefined || numbers === undefined) throw new FormatError(where, "has a name that is not CCPD's");
  const characters = numbers.split("_").map((number, place) => {
    const table = place === 0 ? firsts : place === 1 ? seconds : others;
    const character = table[Number(number)];
    if (character === undefined)
      throw new FormatError(where, `has the character number ${number}, which CCPD does not have`);
    return character;
  });
  // From the lower right on, clockwise.
  const [lowerRight, lowerLeft, upperLeft, upperRight] = corners.split("_").map((pair): Point => {
    const [x, y] = pair.split("&").map(Number);
    return [x, y];
  });
  return { text: characters.join(""), corners: [upperLeft, upperRight, lowerRight, lowerLeft] };
}
