import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { type Dropped, readDrop, readInput } from "../dropped.ts";

/** A place to drop files on; what is inside offers to choose them. */
export function DropZone(props: {
  readonly onDrop: (dropped: Promise<Dropped>) => void;
  /** No more than so many files are listed. */
  readonly most: number;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { onDrop, most, children } = props;
  const isOver = useSignal(false);
  return (
    <div
      class={isOver.value ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={() => (isOver.value = false)}
      onDrop={(event) => {
        event.preventDefault();
        isOver.value = false;
        if (event.dataTransfer !== null) onDrop(readDrop(event.dataTransfer, most));
      }}
    >
      {children}
    </div>
  );
}

/** A button that opens the system's dialog for files. */
export function ChooseFiles(props: {
  readonly label: string;
  readonly name: string;
  readonly onChoose: (dropped: Dropped) => void;
  readonly most: number;
  /** Whether a whole folder is chosen. */
  readonly isFolder?: boolean;
  /** Whether several files may be chosen. */
  readonly isMultiple?: boolean;
  readonly accept?: string;
  readonly isPrimary?: boolean;
}): JSX.Element {
  const { label, name, onChoose, most, isFolder = false, isMultiple = false, accept, isPrimary = false } = props;
  return (
    <label class={isPrimary ? "button choose primary" : "button choose"}>
      {label}
      <input
        type="file"
        name={name}
        class="unseen"
        multiple={isMultiple}
        ref={(input) => {
          if (input !== null) input.webkitdirectory = isFolder;
        }}
        {...(accept === undefined ? {} : { accept })}
        onChange={({ currentTarget }) => {
          if ((currentTarget.files?.length ?? 0) > 0) onChoose(readInput(currentTarget, most));
          // The same file may be chosen once more.
          currentTarget.value = "";
        }}
      />
    </label>
  );
}
