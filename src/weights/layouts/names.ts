import { OptionError } from "../../tensor/errors.ts";

/**
 * A pair of name patterns for the same tensor. `{s}` stands for a number, `{b:letter}` for a letter counted from a, and
 * `{s+1}` for a number that is larger by one on that side; a final `*` stands for any rest, the same on both sides.
 */
export type NamePair = readonly [theirs: string, ours: string];

/** Translates names both ways; undefined if no pattern matches. */
export interface NameTable {
  toOurs(name: string): string | undefined;
  toTheirs(name: string): string | undefined;
}

interface Pattern {
  readonly expression: RegExp;
  readonly parts: readonly Part[];
}

/** A fixed text, or a placeholder with its variable, the number added to it here, and its notation. */
type Part = string | { readonly variable: string; readonly offset: number; readonly letter: boolean };

const placeholder = /\{([a-z]+)([+-]\d+)?(:letter)?\}|(\*)$/g;
const firstLetter = "a".charCodeAt(0);

/** Makes a table from pairs; the first pair that matches a name wins. */
export function createNameTable(pairs: readonly NamePair[]): NameTable {
  const compiled = pairs.map(([theirs, ours]) => [compilePattern(theirs), compilePattern(ours)] as const);
  const reversed = compiled.map(([theirs, ours]) => [ours, theirs] as const);
  return { toOurs: (name) => translate(compiled, name), toTheirs: (name) => translate(reversed, name) };
}

function compilePattern(text: string): Pattern {
  const parts: Part[] = [];
  let source = "";
  let end = 0;
  for (const match of text.matchAll(placeholder)) {
    const fixed = text.slice(end, match.index);
    const [, variable, offset, letter, star] = match;
    parts.push(fixed, { variable: star ?? variable, offset: Number(offset ?? 0), letter: letter !== undefined });
    source += fixed.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    source += star === undefined ? (letter === undefined ? "(\\d{1,4})" : "([a-z])") : "(.+)";
    end = match.index + match[0].length;
  }
  const rest = text.slice(end);
  if (rest.includes("*") || rest.includes("{")) throw new OptionError("layout", `cannot read the pattern "${text}"`);
  return { expression: new RegExp(`^${source}${rest.replaceAll(".", "\\.")}$`), parts: [...parts, rest] };
}

function translate(pairs: readonly (readonly [Pattern, Pattern])[], name: string): string | undefined {
  for (const [from, to] of pairs) {
    const match = from.expression.exec(name);
    if (match === null) continue;
    const values = readVariables(from, match);
    const written = to.parts.map((part) => (typeof part === "string" ? part : writeVariable(part, values)));
    if (written.every((part) => part !== undefined)) return written.join("");
  }
  return undefined;
}

function readVariables({ parts }: Pattern, match: RegExpExecArray): ReadonlyMap<string, number | string> {
  const places = parts.filter((part) => typeof part !== "string");
  return new Map(
    places.map(({ variable, offset, letter }, index): [string, number | string] => {
      const text = match[index + 1];
      if (variable === "*") return [variable, text];
      return [variable, (letter ? text.charCodeAt(0) - firstLetter : Number(text)) - offset];
    }),
  );
}

function writeVariable(
  { variable, offset, letter }: Exclude<Part, string>,
  values: ReadonlyMap<string, number | string>,
): string | undefined {
  const value = values.get(variable);
  if (typeof value !== "number") return value;
  const shifted = value + offset;
  if (shifted < 0 || (letter && shifted > 25)) return undefined;
  return letter ? String.fromCharCode(firstLetter + shifted) : String(shifted);
}
