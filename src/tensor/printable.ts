const longest = 80;
const shown = 4;

/** Text from a file, fit for one line of an error: quoted, shortened, with everything invisible escaped. */
export function quote(text: string): string {
  return JSON.stringify(shorten(text)).replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escapeCodePoint);
}

/** The beginning of a text from a file, which may be of any length. */
export function shorten(text: string): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** What breaks a line, controls a terminal, or turns the direction in which a text is read. */
const controls = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Text from elsewhere, fit for one line of a terminal: control characters are written as `\u001b`. */
export function escapeControls(text: string): string {
  return text.replace(controls, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The first few names, then how many are left: `"a", "b" and 12 more`. */
export function listNames(names: readonly string[]): string {
  const first = names.slice(0, shown).map(quote).join(", ");
  return names.length > shown ? `${first} and ${names.length - shown} more` : first;
}

function escapeCodePoint(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
