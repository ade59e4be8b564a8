import { type Signal, signal } from "@preact/signals";
import { errorMessage } from "../../tensor/errors.ts";
import { isMessage, type Message, type Said } from "../said.ts";
import { language, say } from "./language.ts";

type Translator = (english: string) => string;

/** The tables of translations, of which only Chinese has need; they are no part of what is loaded first. */
const translator: Signal<Translator | undefined> = signal(undefined);
let loading: Promise<void> | undefined;

async function load(): Promise<void> {
  try {
    const { translateMessage } = await import("../../report/zh/messages.ts");
    translator.value = translateMessage;
  } catch {
    // English is better than nothing.
    translator.value = (english) => english;
  }
}

/** A sentence of the library's in the reader's language: nothing until its translation is loaded, which takes a moment once. */
export function sayMessage({ message }: Message): string {
  if (language.value === "en") return message;
  loading ??= load();
  return translator.value?.(message) ?? "";
}

/** A text in the reader's language, whoever words it. */
export function sayAny(said: Said): string {
  return isMessage(said) ? sayMessage(said) : say(said);
}

/** What was thrown, in a worker too, to be said. */
export function messageOf(thrown: unknown): Message {
  return { message: errorMessage(thrown) };
}
