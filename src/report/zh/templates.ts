/**
 * English sentences with `{}` for what varies, and their translations, in which `{1}` stands for what the first `{}` was,
 * `{1?}` for its own translation if there is one, and `{1!}` for its own translation, or itself if it is one word or value;
 * otherwise the whole sentence stays English. Every `{1}` is a `{1!}` in a template of a few letters. `{}` stands within a
 * clause: it holds no "; ".
 */
export type Templates = Readonly<Record<string, string>>;

/** Translates a text; undefined if it has no translation. */
export type Translate = (english: string) => string | undefined;

interface Row {
  readonly pattern: RegExp;
  readonly translation: string;
  readonly isShort: boolean;
}

const escape = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);

/** Whether a text is one word or value, or several with commas. */
const isWord = (text: string): boolean => /^\S+(?:, \S+)*$/.test(text);

/** How much of a template is written out: the more there is, the more special it is. */
const writtenOut = (text: string): number => text.replaceAll(/\{\}|\s/g, "").length;

/** With less written out, a template would fit sentences that it has not in mind: its `{}` hold words only. */
const LEAST_WRITTEN_OUT = 9;

/**
 * `{}` stands for any text, the shortest first, so that a later `{}` gets the longer part. At the beginning it holds no ": ",
 * which ends what a message is about.
 */
function toRow([english, translation]: readonly [string, string]): Row {
  const first = english.startsWith("{}") ? "((?:(?![;:] ).)+?)" : "";
  const rest = english
    .slice(first === "" ? 0 : 2)
    .split("{}")
    .map(escape)
    .join("((?:(?!; ).)+?)");
  return {
    pattern: new RegExp(`^${first}${rest}$`, "su"),
    translation,
    isShort: writtenOut(english) < LEAST_WRITTEN_OUT,
  };
}

function fill({ pattern, translation, isShort }: Row, text: string, translate: Translate): string | undefined {
  const found = pattern.exec(text);
  if (found === null) return undefined;
  let isWhole = true;
  const filled = translation.replaceAll(/\{(\d)([?!]?)\}/g, (_, index: string, mark: string) => {
    const part = found[Number(index)];
    const own = mark === "" ? undefined : translate(part);
    if (own === undefined && (mark === "!" || isShort) && !isWord(part)) isWhole = false;
    return own ?? part;
  });
  return isWhole ? filled : undefined;
}

/** Clauses that are all translated, joined by a Chinese semicolon. */
function translateClauses(text: string, translate: Translate): string | undefined {
  const clauses = text.split("; ");
  if (clauses.length === 1) return undefined;
  const own = clauses.map(translate);
  return own.includes(undefined) ? undefined : own.join("；");
}

/** Looks a text up: first as it stands, then by each template with `{}`, the most special first, then clause by clause. */
export function createTranslate(templates: Templates): Translate {
  const exact = new Map(Object.entries(templates));
  let rows: readonly Row[] | undefined;
  const translate = (english: string): string | undefined => {
    const found = exact.get(english);
    if (found !== undefined) return found;
    rows ??= Object.entries(templates)
      .filter(([text]) => text.includes("{}"))
      .toSorted(([a], [b]) => writtenOut(b) - writtenOut(a))
      .map(toRow);
    for (const row of rows) {
      const filled = fill(row, english, translate);
      if (filled !== undefined) return filled;
    }
    return translateClauses(english, translate);
  };
  return translate;
}
