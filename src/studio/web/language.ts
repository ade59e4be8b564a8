import { type Signal, signal } from "@preact/signals";
import { inLanguage, type Language, type Words } from "../../report/words.ts";
import { keep, kept } from "./kept.ts";

const first = (): Language => {
  const before = kept("language");
  if (before === "en" || before === "zh") return before;
  return navigator.language.startsWith("zh") ? "zh" : "en";
};

/** The language of the pages; a component that calls {@link say} is drawn anew when it changes. */
export const language: Signal<Language> = signal(first());

/** A text in the reader's language. */
export function say(words: Words): string {
  return inLanguage(words, language.value);
}

/** Changes the language and keeps it for the next visit. */
export function setLanguage(next: Language): void {
  language.value = next;
  keep("language", next);
}
