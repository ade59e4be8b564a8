import { createTranslate } from "./templates.ts";
import { errorTexts } from "./errors/index.ts";
import { noteTexts } from "./notes.ts";

const lookUp = createTranslate({ ...noteTexts, ...errorTexts });

/** A field of a document, and what its schema has against it: `compare.seeds must be >=1, got 0`. */
const FIELD = /^(\w+[.[][\w.[\]-]*) ((?:must|is) .+)$/su;

function lookUpField(english: string): string | undefined {
  const [, field, detail] = FIELD.exec(english) ?? [];
  const said = detail === undefined ? undefined : lookUp(detail);
  return said === undefined ? undefined : `${field} ${said}`;
}

/** A message "where: what" of the library or of commander in Chinese; undefined if the tables lack it. */
export function findTranslation(english: string): string | undefined {
  const whole = lookUp(english);
  if (whole !== undefined) return whole;
  for (let at = english.indexOf(": "); at !== -1; at = english.indexOf(": ", at + 1)) {
    const what = english.slice(at + 2);
    const detail = lookUpField(what) ?? lookUp(what);
    if (detail !== undefined) return `${english.slice(0, at)}：${detail}`;
  }
  return undefined;
}

/** A message in Chinese; as it is if there is no translation. */
export function translateMessage(english: string): string {
  return findTranslation(english) ?? english;
}
