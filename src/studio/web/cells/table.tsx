import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { CellMeasurement } from "../../../tasks/segment/measure.ts";
import { say } from "../language.ts";
import { select } from "./state.ts";

/** Rows that are shown; the CSV file has all. */
const shownRows = 500;

const show = (value: number, digits: number): string => value.toFixed(digits);

/** The cells that are listed: the first ones, and the one that is looked at. */
function listed(cells: readonly CellMeasurement[], selected: number | undefined): readonly CellMeasurement[] {
  const first = cells.slice(0, shownRows);
  return [...first, ...cells.slice(shownRows).filter(({ id }) => id === selected)];
}

/** What was measured of each cell; its number looks at it. */
export function CellTable({
  cells,
  selected,
  pixelSize,
}: {
  readonly cells: readonly CellMeasurement[];
  readonly selected: number | undefined;
  /** Side of a pixel in micrometres. */
  readonly pixelSize: number | undefined;
}): JSX.Element {
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => row.current?.scrollIntoView({ block: "nearest" }), [selected]);
  const unit = pixelSize === undefined ? "px" : "µm";
  const side = pixelSize ?? 1;
  const isColour = cells[0]?.intensities.length === 3;
  const digits = pixelSize === undefined ? 0 : 2;
  return (
    <div class="cell-table" tabIndex={0} role="group" aria-label={say({ en: "Measurements", zh: "测量结果" })}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say({ en: "cell", zh: "细胞" })}</th>
            <th scope="col">
              {say({ en: "area", zh: "面积" })} {unit}²
            </th>
            <th scope="col">
              {say({ en: "length", zh: "长轴" })} {unit}
            </th>
            <th scope="col">{say({ en: "circularity", zh: "圆度" })}</th>
            <th scope="col">
              {isColour ? say({ en: "mean of red", zh: "红色均值" }) : say({ en: "mean", zh: "强度均值" })}
            </th>
          </tr>
        </thead>
        <tbody>
          {listed(cells, selected).map(({ id, area, majorAxis, circularity, intensities }) => (
            <tr key={id} class={id === selected ? "selected" : ""} ref={id === selected ? row : null}>
              <th scope="row">
                <button type="button" aria-pressed={id === selected} onClick={() => select(id)}>
                  {id}
                </button>
              </th>
              <td>{show(area * side ** 2, digits)}</td>
              <td>{show(majorAxis * side, Math.max(1, digits))}</td>
              <td>{show(circularity, 2)}</td>
              <td>{intensities[0] === undefined ? "–" : Number(intensities[0].mean.toPrecision(4))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {cells.length > shownRows && (
        <p class="quiet">
          {say({
            en: `The first ${shownRows} of ${cells.length}; the CSV file has all.`,
            zh: `${cells.length} 个中的前 ${shownRows} 个；CSV 文件包含全部。`,
          })}
        </p>
      )}
    </div>
  );
}
