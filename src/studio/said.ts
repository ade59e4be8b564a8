import type { Words } from "../report/words.ts";

/** A sentence that the library words in English, such as an error's: a page looks its translation up. */
export interface Message {
  readonly message: string;
}

/** What a page says: words of its own in both languages, or the library's. */
export type Said = Words | Message;

/** Whether something is the library's; narrows. */
export function isMessage(said: Said): said is Message {
  return typeof said === "object" && "message" in said;
}
