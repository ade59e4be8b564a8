import { escapeHtml, inLanguage, type Words } from "./words.ts";

/** A piece of a page, escaped already. Only {@link markup} and {@link trusted} make one. */
export interface Markup {
  readonly markup: string;
}

type Value = string | number | Markup | readonly Markup[];

/** Markup as it is: a drawing, a style or a script of this program. Never what comes from a file. */
export function trusted(text: string): Markup {
  return { markup: text };
}

function write(value: Value): string {
  // A browser takes a plain carriage return out of what it reads.
  if (typeof value === "string") return escapeHtml(value).replaceAll("\r", "&#13;");
  if (typeof value === "number") return String(value);
  return "markup" in value ? value.markup : value.map((each) => each.markup).join("");
}

/**
 * The one place where values become part of a page: what stands in a placeholder is escaped, for elements and quoted attributes
 * alike, unless it is markup itself.
 */
export function markup(texts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return { markup: texts.reduce((page, text, index) => page + write(values[index - 1]) + text) };
}

/** Words as HTML: both languages, of which the page shows one. */
export function wordsToHtml(words: Words): Markup {
  if (typeof words === "string") return markup`${words}`;
  return markup`<span lang="en">${inLanguage(words, "en")}</span><span lang="zh">${inLanguage(words, "zh")}</span>`;
}
