import { createTranslate, type Templates } from "../templates.ts";

const texts: Templates = {};

const lookUp = createTranslate(texts);

/** A message of the library or of commander in Chinese; as it is if there is no translation. */
export function translateMessage(english: string): string {
  return lookUp(english) ?? english;
}
