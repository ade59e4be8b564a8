/** Text for readers: in English and Chinese, or one text for both, such as a name. */
export type Words = string | { readonly en: string; readonly zh: string };

/** The report's languages, in the order of its switch. */
export type Language = "en" | "zh";

/** A text in one of its languages. */
export function inLanguage(words: Words, language: Language): string {
  return typeof words === "string" ? words : words[language];
}

/** Puts texts together, such as `phrase("depth", " ", "20")`, in both languages at once. */
export function phrase(...parts: readonly Words[]): Words {
  const join = (language: Language): string => parts.map((part) => inLanguage(part, language)).join("");
  return parts.every((part) => typeof part === "string") ? join("en") : { en: join("en"), zh: join("zh") };
}

/** From one number to another, both written already: a dash between them could be a minus. */
export function rangeWords(low: string, high: string): Words {
  return { en: `${low} to ${high}`, zh: `${low} 至 ${high}` };
}

/** A number's text with a minus that is no hyphen. */
export function withMinus(text: string): string {
  return text.replaceAll("-", "−");
}

/** Below this, p is a bound: its digits mean nothing to a reader. */
const LEAST_P = 0.001;

/** A p value by itself: "0.012", or "< 0.001". */
export const pText = (p: number): string => (p < LEAST_P ? `< ${LEAST_P}` : p.toFixed(3));

/** A p value by name: "p = 0.012", or "p < 0.001". */
export const namedP = (p: number): string => (p < LEAST_P ? `p ${pText(p)}` : `p = ${pText(p)}`);

/** Puts texts in a row, with the comma of each language between them. */
export function joinWords(parts: readonly Words[]): Words {
  const comma: Words = { en: ", ", zh: "，" };
  return phrase(...parts.flatMap((part, index) => (index === 0 ? [part] : [comma, part])));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text made safe to stand in HTML and SVG. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]);
}

/** Words as the inside of an SVG text: what is not shown takes no room. */
export function wordsToSvg(words: Words): string {
  if (typeof words === "string") return escapeHtml(words);
  return `<tspan lang="en">${escapeHtml(words.en)}</tspan><tspan lang="zh">${escapeHtml(words.zh)}</tspan>`;
}
