import type { JSX } from "preact";
import { say } from "../language.ts";
import type { FoundCells } from "./find-job.ts";
import { cellsState, correct, select, takeBackLast, toggleMerging } from "./state.ts";

/** What can be done by hand with the cell that is looked at, and the way back. */
export function Corrections({
  found: { corrections },
  selected,
}: {
  readonly found: FoundCells;
  readonly selected: number | undefined;
}): JSX.Element {
  const { isMerging = false } = cellsState.value;
  return (
    <div class="corrections">
      {selected === undefined ? (
        <p class="quiet">
          {say({
            en: "Choose a cell, in the picture or by its number, to correct it.",
            zh: "在图像中或按编号选择一个细胞，即可修正。",
          })}
        </p>
      ) : (
        <p class="controls">
          <b>{say({ en: `Cell ${selected}:`, zh: `细胞 ${selected}：` })}</b>
          <button type="button" onClick={() => correct({ kind: "delete", id: selected })}>
            {say({ en: "Delete", zh: "删除" })}
          </button>
          <button type="button" onClick={() => correct({ kind: "split", id: selected })}>
            {say({ en: "Split", zh: "分割" })}
          </button>
          <button type="button" aria-pressed={isMerging} onClick={toggleMerging}>
            {say({ en: "Merge with …", zh: "合并……" })}
          </button>
          <button type="button" onClick={() => select(undefined)}>
            {say({ en: "Deselect", zh: "取消选择" })}
          </button>
        </p>
      )}
      <p role="status" class="quiet">
        {isMerging && selected !== undefined
          ? say({
              en: `Choose the cell to merge with cell ${selected}.`,
              zh: `请选择要与细胞 ${selected} 合并的细胞。`,
            })
          : ""}
      </p>
      {corrections > 0 && (
        <p class="controls">
          <span class="quiet">
            {say({ en: `Corrected by hand: ${corrections}`, zh: `已手工修正：${corrections}` })}
          </span>
          <button type="button" onClick={takeBackLast}>
            {say({ en: "Undo", zh: "撤销上一次" })}
          </button>
        </p>
      )}
    </div>
  );
}
