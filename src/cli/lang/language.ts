import { inLanguage, type Language, type Words } from "../../report/words.ts";

/** The texts of a language other than English, loaded only where they are wanted. */
export interface Translator {
  /** A message that the library words in English; as it is if there is no translation. */
  readonly message: (english: string) => string;
}

let current: Language = "en";
let translator: Translator | undefined;

/** Chooses the language of all further output; set once, before anything is said. */
export function speak(language: Language, words?: Translator): void {
  current = language;
  translator = words;
}

/** Words in the chosen language. */
export function spoken(words: Words): string {
  return inLanguage(words, current);
}

/** A message of the library, which speaks English, as far as it can be said in the chosen language. */
export function spokenMessage(english: string): string {
  return translator?.message(english) ?? english;
}

/** The language that `--lang` names; undefined if it is absent, or names none. */
function typedLanguage(args: readonly string[]): Language | undefined {
  const end = args.indexOf("--");
  const typed = end === -1 ? args : args.slice(0, end);
  const index = typed.findLastIndex((arg) => arg === "--lang" || arg.startsWith("--lang="));
  if (index === -1) return undefined;
  const value = typed[index] === "--lang" ? typed[index + 1] : typed[index].slice("--lang=".length);
  return languages.find((language) => language === value);
}

/** What `--lang` takes. */
export const languages: readonly Language[] = ["en", "zh"];

type Environment = Readonly<Record<string, string | undefined>>;

/** The first of some variables that is set and not empty, as POSIX reads them. */
const firstOf = (env: Environment, names: readonly string[]): string =>
  names.map((name) => env[name]).find((value) => value !== undefined && value !== "") ?? "";

/**
 * The language of help, messages and tables: what `--lang` says, else that of the environment's messages. An environment
 * whose characters are not UTF-8 cannot show Chinese, and gets English unless `--lang` asks for it.
 */
export function chooseLanguage(args: readonly string[], env: Environment): Language {
  const typed = typedLanguage(args);
  if (typed !== undefined) return typed;
  const isChinese = /^zh(?![a-z])/i.test(firstOf(env, ["LC_ALL", "LC_MESSAGES", "LANG"]));
  const showsChinese = /utf-?8/i.test(firstOf(env, ["LC_ALL", "LC_CTYPE", "LANG"]));
  return isChinese && showsChinese ? "zh" : "en";
}
