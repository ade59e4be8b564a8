import { distance } from "fastest-levenshtein";

/** Lists of more names are not shown whole. */
const MOST_SHOWN = 12;
const MOST_SUGGESTED = 3;

/** The names that a mistyped one may have meant, nearest first: two of five letters may be others. */
function findNearest(text: string, choices: readonly string[]): readonly string[] {
  const wanted = text.toLowerCase();
  const most = Math.max(1, Math.floor((2 * text.length) / 5));
  return choices
    .map((choice) => ({ choice, edits: distance(wanted, choice.toLowerCase()) }))
    .filter(({ edits }) => edits <= most)
    .toSorted((a, b) => a.edits - b.edits)
    .slice(0, MOST_SUGGESTED)
    .map(({ choice }) => choice);
}

function join(names: readonly string[], word: "and" | "or"): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} ${word} ${names.at(-1)}`;
}

/** How choices are told. */
export interface ChoiceWords {
  /** Where all of a long list are, such as "residua models list". */
  readonly all?: string;
  /** The list as it is shown if it is short; the choices with commas if left out. */
  readonly list?: string;
}

/** What a name must be that is none of some choices: "must be one of a, b, c; did you mean b?". Long lists are cut. */
export function describeChoices(text: string, choices: readonly string[], { all, list }: ChoiceWords = {}): string {
  const near = findNearest(text, choices);
  const guess = near.length === 0 ? [] : [`did you mean ${join(near, "or")}?`];
  if (choices.length <= MOST_SHOWN) return [`must be one of ${list ?? choices.join(", ")}`, ...guess].join("; ");
  if (all !== undefined) return [...guess, `${all} shows all`].join(" ");
  if (near.length > 0) return guess[0];
  const first = choices.slice(0, MOST_SHOWN).join(", ");
  return `must be one of ${first} and ${choices.length - MOST_SHOWN} more`;
}
