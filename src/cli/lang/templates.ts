/**
 * English sentences with `{}` for what varies, and their translations, in which `{1}` stands for what the first `{}` was,
 * `{1?}` for its own translation if there is one, and `{1!}` for its own translation, or itself if it is one word or value;
 * otherwise the whole sentence stays English. `{}` stands within a clause: it holds no "; ".
 */
export type Templates = Readonly<Record<string, string>>;

/** Translates a text; undefined if it has no translation. */
export type Translate = (english: string) => string | undefined;

interface Row {
  readonly pattern: RegExp;
  readonly translation: string;
}

const escape = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);

/** Whether a text is one word or value. */
const isWord = (text: string): boolean => !/\s/.test(text);

/** `{}` stands for any text, the shortest first, so that a later `{}` gets the longer part. */
function toRow([english, translation]: readonly [string, string]): Row {
  const pattern = new RegExp(`^${english.split("{}").map(escape).join("((?:(?!; ).)+?)")}$`, "su");
  return { pattern, translation };
}

function fill({ pattern, translation }: Row, text: string, translate: Translate): string | undefined {
  const found = pattern.exec(text);
  if (found === null) return undefined;
  let isWhole = true;
  const filled = translation.replaceAll(/\{(\d)([?!]?)\}/g, (_, index: string, mark: string) => {
    const part = found[Number(index)];
    const own = mark === "" ? part : translate(part);
    if (own === undefined && mark === "!" && !isWord(part)) isWhole = false;
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

/** Looks a text up: first as it stands, then by each template with `{}` in the table's order, then clause by clause. */
export function createTranslate(templates: Templates): Translate {
  const exact = new Map(Object.entries(templates));
  let rows: readonly Row[] | undefined;
  const translate = (english: string): string | undefined => {
    const found = exact.get(english);
    if (found !== undefined) return found;
    rows ??= Object.entries(templates)
      .filter(([text]) => text.includes("{}"))
      .map(toRow);
    for (const row of rows) {
      const filled = fill(row, english, translate);
      if (filled !== undefined) return filled;
    }
    return translateClauses(english, translate);
  };
  return translate;
}
