import type { JSX } from "preact";
import type { Said } from "../../said.ts";
import { sayAny } from "../message.ts";

/** What went wrong, read aloud as soon as it appears; nothing if nothing did. */
export function Problem({ words }: { readonly words: Said | undefined }): JSX.Element | null {
  const text = words === undefined ? "" : sayAny(words);
  if (text === "") return null;
  return (
    <p role="alert" class="problem">
      {text}
    </p>
  );
}

/** Which fields of a page's link could not be read. */
export function IgnoredFields({ names }: { readonly names: readonly string[] }): JSX.Element {
  const words = {
    en: `The link's ${names.join(", ")} could not be read; the standard holds instead.`,
    zh: `链接中的 ${names.join("、")} 无法识别，改用标准值。`,
  };
  return <Problem words={names.length === 0 ? undefined : words} />;
}
