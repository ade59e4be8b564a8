import type { JSX, TargetedMouseEvent } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { CellOutline } from "../../../tasks/segment/outlines.ts";
import { say } from "../language.ts";
import { drawPixels } from "../parts/pixels.ts";
import type { FoundCells } from "./find-job.ts";
import { select } from "./state.ts";

/** Outlines as one path. */
function pathOf(outlines: readonly CellOutline[]): string {
  const rings = outlines.flatMap(({ parts }) => parts.flat());
  return rings.map((ring) => `M${ring.map(([x, y]) => `${x} ${y}`).join("L")}Z`).join("");
}

/** The picture with its cells' outlines; a click looks at a cell. */
export function CellPicture({
  found,
  selected,
}: {
  readonly found: FoundCells;
  readonly selected: number | undefined;
}): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { height, width, labels, outlines, cells } = found;
  useEffect(() => drawPixels(canvas.current!, { width, height, data: found.picture }), [found]);
  const all = useMemo(() => pathOf(outlines), [outlines]);
  const own = pathOf(outlines.filter(({ id }) => id === selected));
  const look = ({ currentTarget, clientX, clientY }: TargetedMouseEvent<HTMLDivElement>): void => {
    const box = currentTarget.getBoundingClientRect();
    const place = (at: number, size: number, count: number): number =>
      Math.min(count - 1, Math.max(0, Math.floor((at / size) * count)));
    const column = place(clientX - box.left, box.width, width);
    select(labels[place(clientY - box.top, box.height, height) * width + column]);
  };
  const label = say({
    en: `${found.name} with the outlines of ${cells.length} cells`,
    zh: `${found.name}，带有 ${cells.length} 个细胞的轮廓`,
  });
  return (
    <div class="cell-picture" onClick={look}>
      <canvas ref={canvas} width={width} height={height} role="img" aria-label={label} />
      <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        <path d={all} />
        <path class="selected" d={own} />
      </svg>
    </div>
  );
}
