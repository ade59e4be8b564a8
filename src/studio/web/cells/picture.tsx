import type { JSX, TargetedMouseEvent } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { CellOutline } from "../../../tasks/segment/outlines.ts";
import { say } from "../language.ts";
import type { FoundCells } from "./find-job.ts";
import { select } from "./state.ts";

/** Outlines as one path. */
function pathOf(outlines: readonly CellOutline[]): string {
  const rings = outlines.flatMap(({ parts }) => parts.flat());
  return rings.map((ring) => `M${ring.map(([x, y]) => `${x} ${y}`).join("L")}Z`).join("");
}

function draw(canvas: HTMLCanvasElement, { picture, height, width }: FoundCells): void {
  const data = new Uint8ClampedArray(4 * height * width);
  for (let from = 0, to = 0; from < picture.length; from += 3, to += 4) {
    for (let channel = 0; channel < 3; channel++) data[to + channel] = picture[from + channel];
    data[to + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(new ImageData(data, width, height), 0, 0);
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
  useEffect(() => draw(canvas.current!, found), [found]);
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
