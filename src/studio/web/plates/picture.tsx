import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { hidePlate, toCanvas } from "../../../tasks/plates/mark.ts";
import { say } from "../language.ts";
import { drawPixels, type RgbPixels } from "../parts/pixels.ts";
import type { ReadPlates, ShownPlate } from "./read-service.ts";

/** Plates by their corners, numbered in the order in which they are listed. */
export function Outlines({
  width,
  height,
  plates,
}: {
  readonly width: number;
  readonly height: number;
  readonly plates: readonly ShownPlate[];
}): JSX.Element {
  const size = Math.max(width, height) / 26;
  return (
    <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {plates.map(({ corners }, index) => {
        const left = Math.max(0, Math.min(...corners.map(([x]) => x)));
        const top = Math.min(...corners.map(([, y]) => y));
        return (
          <g key={index}>
            <polygon points={corners.map((corner) => corner.join(",")).join(" ")} />
            <text x={left} y={top > 1.2 * size ? top - size / 4 : top + size} font-size={size}>
              {index + 1}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

/** The picture with all that looks like a plate made unreadable. */
export function hideAll({ width, height, pixels, located }: ReadPlates): RgbPixels {
  const canvas = toCanvas({ width, height, data: pixels });
  for (const corners of located) hidePlate(canvas, corners);
  return canvas;
}

/** A picture with its plates outlined, or hidden. */
export function PlatePicture({
  name,
  read,
  isHidden,
}: {
  readonly name: string;
  readonly read: ReadPlates;
  readonly isHidden: boolean;
}): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height, pixels, plates } = read;
  useEffect(
    () => drawPixels(canvas.current!, isHidden ? hideAll(read) : { width, height, data: pixels }),
    [read, isHidden],
  );
  const label = isHidden
    ? say({ en: `${name} with its plates hidden`, zh: `${name}，车牌已遮盖` })
    : say({ en: `${name} with ${plates.length} plates outlined`, zh: `${name}，标出 ${plates.length} 块车牌` });
  return (
    <div class="plate-picture">
      <canvas ref={canvas} role="img" aria-label={label} />
      {!isHidden && <Outlines width={width} height={height} plates={plates} />}
    </div>
  );
}

/** A plate straightened by its corners, as the reader saw it. */
export function Straightened({ plate: { text, straightened } }: { readonly plate: ShownPlate }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => drawPixels(canvas.current!, straightened), [straightened]);
  const label = say({ en: `${text}, straightened`, zh: `${text}，校正后` });
  return <canvas ref={canvas} class="straightened" role="img" aria-label={label} />;
}
