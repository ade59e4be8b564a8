import { createTranslate } from "./templates.ts";
import { errorTexts } from "./errors/index.ts";
import { noteTexts } from "./notes.ts";

const lookUp = createTranslate({ ...noteTexts, ...errorTexts });

/** A field of a document, and what its schema has against it: `compare.seeds must be >=1, got 0`. */
const FIELD = /^(\$?\w+(?:[.[][\w.[\]-]*)?) (is (?:missing|not known)$|must .+)/su;

/** A part of a message; sentences about a field of a document keep its name. */
function lookUpPart(english: string): string | undefined {
  const [, field, detail = ""] = FIELD.exec(english) ?? [];
  // "{} is {}" would be a whole sentence, too.
  const isSchemas = field !== undefined && detail.startsWith("is ");
  const whole = isSchemas ? undefined : lookUp(english);
  if (whole !== undefined || field === undefined) return whole;
  const said = lookUp(detail);
  return said === undefined ? undefined : `${field} ${said}`;
}

/** A message "where: what" of the library or of commander in Chinese; undefined if the tables lack it. */
export function findTranslation(english: string): string | undefined {
  const whole = lookUp(english);
  if (whole !== undefined) return whole;
  for (let at = english.indexOf(": "); at !== -1; at = english.indexOf(": ", at + 1)) {
    const detail = lookUpPart(english.slice(at + 2));
    if (detail !== undefined) return `${english.slice(0, at)}：${detail}`;
  }
  return undefined;
}

/** A message in Chinese; as it is if there is no translation. */
export function translateMessage(english: string): string {
  return findTranslation(english) ?? english;
}
