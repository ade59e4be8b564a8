import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

interface TypedInputProps {
  readonly type: "number" | "text";
  readonly value: string | number;
  readonly take: (text: string) => void;
  readonly name?: string;
  readonly list?: string;
  readonly step?: string;
  readonly min?: number;
  readonly max?: number;
  readonly placeholder?: string;
  readonly spellcheck?: boolean;
  readonly disabled?: boolean;
}

/** A field whose text is taken when it is left. What is being typed is not undone by a page that is drawn meanwhile. */
export function TypedInput({ value, take, ...rest }: TypedInputProps): JSX.Element {
  const typing = useSignal<string | undefined>(undefined);
  return (
    <input
      {...rest}
      value={typing.value ?? value}
      onInput={({ currentTarget }) => (typing.value = currentTarget.value)}
      onChange={({ currentTarget }) => {
        typing.value = undefined;
        take(currentTarget.value);
      }}
    />
  );
}
