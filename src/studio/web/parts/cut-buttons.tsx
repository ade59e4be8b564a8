import type { ComponentChildren, JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { say } from "../language.ts";

interface CutButtonsProps {
  readonly title: Words;
  readonly blocks: readonly { readonly name: string; readonly isRemovable: boolean }[];
  /** Names of the blocks that are cut out. */
  readonly removed: readonly string[];
  /** Why some cannot be. */
  readonly reason: Words;
  /** What a block is called on its button. */
  readonly show: (name: string, place: number) => string;
  readonly toggle: (name: string) => void;
  readonly children?: ComponentChildren;
}

/** Blocks as buttons; one that is pressed is cut out. */
export function CutButtons(props: CutButtonsProps): JSX.Element {
  const { title, blocks, removed, reason, show, toggle, children } = props;
  return (
    <div class="cuts" role="group" aria-label={say(title)}>
      {blocks.map(({ name, isRemovable }, place) => (
        <button
          key={name}
          type="button"
          aria-pressed={removed.includes(name)}
          disabled={!isRemovable}
          title={isRemovable ? name : say(reason)}
          onClick={() => toggle(name)}
        >
          {show(name, place)}
        </button>
      ))}
      {children}
    </div>
  );
}
