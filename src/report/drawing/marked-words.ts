import { escapeHtml, inLanguage, type Language, type Words, wordsToSvg } from "../words.ts";

/** Stands around the number of a text in what a drawing library lays out. A text that has these characters itself is left out. */
const [OPEN, CLOSE] = ["\uE000", "\uE001"] as const;
const mark = /\uE000(\d+)\uE001/g;

/** Texts in two languages through a drawing library that knows one: it gets marks, which are replaced in what it drew. */
export interface MarkedWords {
  /** Stands for the words in the drawing. */
  mark(words: Words): string;
  /** The drawing with its texts in both languages. */
  replaceIn(svg: string): string;
}

export function createMarkedWords(): MarkedWords {
  const known: Words[] = [];
  const numbers = new Map<string, number>();
  const fill = (text: string, language: Language): string =>
    text.replaceAll(mark, (_, index: string) => escapeHtml(inLanguage(known[Number(index)] ?? "", language)));
  return {
    mark: (words) => {
      const key = JSON.stringify(words);
      const number = numbers.get(key) ?? known.push(words) - 1;
      numbers.set(key, number);
      return `${OPEN}${number}${CLOSE}`;
    },
    // Texts hold no elements, so that the next bracket ends them. A title knows no other elements: both languages are kept apart.
    replaceIn: (svg) =>
      svg
        .replaceAll(
          /<(text|tspan|title)([^>]*)>([^<]*\uE000[^<]*)</g,
          (_, tag: string, attributes: string, text: string) => {
            const [en, zh] = [fill(text, "en"), fill(text, "zh")];
            if (en === zh) return `<${tag}${attributes}>${en}<`;
            if (tag === "title") return `<title${attributes} data-zh="${zh}">${en}<`;
            return `<${tag}${attributes}><tspan lang="en">${en}</tspan><tspan lang="zh">${zh}</tspan><`;
          },
        )
        .replaceAll(mark, (_, index: string) => wordsToSvg(inLanguage(known[Number(index)] ?? "", "en"))),
  };
}
