import type { JSX } from "preact";
import { say } from "../language.ts";
import type { NetworkView, ViewRow, ViewSkip, ViewStage } from "./describe-job.ts";

const units: readonly (readonly [scale: number, name: string])[] = [
  [1e9, " G"],
  [1e6, " M"],
  [1e3, " k"],
];

/** "1.2 M"; "–" for nothing, "?" for what is not known. */
export function formatCost(value: number | undefined): string {
  if (value === undefined) return "?";
  if (value === 0) return "–";
  const [scale, name] = units.find(([least]) => value >= least) ?? [1, ""];
  return `${Number((value / scale).toPrecision(3))}${name}`;
}

/** The whole, which rows' bars are shares of. */
type Whole = Pick<NetworkView, "parameters" | "multiplyAdds">;

function Cost({
  value,
  whole,
}: {
  readonly value: number | undefined;
  readonly whole: number | undefined;
}): JSX.Element {
  const share = value === undefined || whole === undefined || whole === 0 ? 0 : value / whole;
  return (
    <span class="cost">
      {formatCost(value)}
      <i style={{ width: `${(100 * share).toFixed(2)}%` }} />
    </span>
  );
}

const total = (rows: readonly ViewRow[], what: "parameters" | "multiplyAdds"): number | undefined =>
  rows.reduce<number | undefined>(
    (sum, { [what]: own }) => (sum === undefined || own === undefined ? undefined : sum + own),
    0,
  );

function Costs({ rows, whole }: { readonly rows: readonly ViewRow[]; readonly whole: Whole }): JSX.Element {
  return (
    <>
      <Cost value={total(rows, "parameters")} whole={whole.parameters} />
      <Cost value={total(rows, "multiplyAdds")} whole={whole.multiplyAdds} />
    </>
  );
}

/** Blocks that can be cut out, by their names, and those that are. */
export interface Cuts {
  readonly removable: ReadonlySet<string>;
  readonly removed: ReadonlySet<string>;
  readonly toggle: (name: string) => void;
}

interface RowProps {
  readonly row: ViewRow;
  readonly whole: Whole;
  readonly cuts: Cuts | undefined;
}

/** A shortcut's name on its colour. */
export function Kind({ skip }: { readonly skip: Pick<ViewSkip, "name" | "color"> }): JSX.Element {
  return (
    <span class="kind">
      <i style={{ background: skip.color }} />
      {say(skip.name)}
    </span>
  );
}

function Boxes({ row }: { readonly row: ViewRow }): JSX.Element {
  const boxes = row.boxes.length > 8 ? [...row.boxes.slice(0, 7), `+ ${row.boxes.length - 7}`] : row.boxes;
  return (
    <span class="boxes">
      {boxes.map((text, place) => (
        <span key={place} class="box">
          {text}
        </span>
      ))}
      {row.skip !== undefined && (
        <span class="join" style={{ borderColor: row.skip.color }}>
          {row.skip.join === "add" ? "+" : "‖"}
        </span>
      )}
    </span>
  );
}

/** A row's name; a button if its block can be cut out. */
function Place({ label, cuts }: { readonly label: string; readonly cuts: Cuts | undefined }): JSX.Element {
  if (cuts?.removable.has(label) !== true)
    return (
      <span class="place" title={label}>
        {label}
      </span>
    );
  return (
    <span class="place" title={label}>
      <button
        type="button"
        aria-pressed={cuts.removed.has(label)}
        aria-label={say({ en: `Cut ${label} out`, zh: `切除 ${label}` })}
        onClick={() => cuts.toggle(label)}
      >
        {label}
      </button>
    </span>
  );
}

/** A block's branch, with its shortcut as an arc over it; or a layer. */
export function Way({ row }: { readonly row: ViewRow }): JSX.Element {
  const { skip, long } = row;
  return (
    <span class="way">
      {skip !== undefined && (
        <span class="arc" style={{ borderColor: skip.color }}>
          <Kind skip={skip} />
          {skip.detail !== "" && <span class="detail">{skip.detail}</span>}
        </span>
      )}
      <Boxes row={row} />
      {long.map((each, index) => (
        <span key={index} class="long">
          <Kind skip={each} />{" "}
          <span class="quiet">{say({ en: `from ${each.from || "above"}`, zh: `来自 ${each.from || "上方"}` })}</span>
        </span>
      ))}
    </span>
  );
}

/** A block or a layer in its place, with what it gives and costs. */
function Row({ row, whole, cuts }: RowProps): JSX.Element {
  const { label, shape, skip } = row;
  const isCut = cuts?.removed.has(label) === true;
  return (
    <li class={`row ${skip === undefined ? "layer" : "block"}${isCut ? " cut" : ""}`}>
      <Place label={label} cuts={cuts} />
      <Way row={row} />
      <span class="shape">{shape}</span>
      <Costs rows={[row]} whole={whole} />
    </li>
  );
}

function describeStage({ rows }: ViewStage): string {
  const count = rows.length;
  if (rows[0].skip === undefined) return say({ en: `${count} layers`, zh: `${count} 层` });
  return say({ en: `${count} blocks`, zh: `${count} 个块` });
}

function Stage({ stage, whole, cuts }: Omit<RowProps, "row"> & { readonly stage: ViewStage }): JSX.Element {
  const { rows } = stage;
  const names = [...new Map(rows.flatMap(({ skip }) => (skip === undefined ? [] : [[say(skip.name), skip]]))).values()];
  return (
    <li class="stage">
      <details open={rows.some(({ label }) => cuts?.removed.has(label))}>
        <summary class="row">
          <span class="place">{rows[0].label.split(".").slice(0, -1).join(".")}</span>
          <span class="way">
            <b>{describeStage(stage)}</b>
            <span class="kinds">
              {(names as readonly ViewSkip[]).map((skip) => (
                <Kind key={say(skip.name)} skip={skip} />
              ))}
            </span>
          </span>
          <span class="shape">{rows.at(-1)!.shape}</span>
          <Costs rows={rows} whole={whole} />
        </summary>
        <ol>
          {rows.map((row, place) => (
            <Row key={place} row={row} whole={whole} cuts={cuts} />
          ))}
        </ol>
      </details>
    </li>
  );
}

/** The network from its input to its output: stages folded, shortcuts by kind, costs as shares of the whole. */
export function Chain(props: {
  readonly view: NetworkView;
  /** Left out where nothing can be cut. */
  readonly cuts?: Cuts | undefined;
}): JSX.Element {
  const { view, cuts } = props;
  const { stages, kinds } = view;
  return (
    <>
      <p class="kinds">
        {kinds.length === 0
          ? say({ en: "No shortcut was found in the graph.", zh: "计算图中没有发现快捷连接。" })
          : kinds.map((kind) => (
              <span key={say(kind.name)} class="counted">
                {kind.count} × <Kind skip={kind} />
              </span>
            ))}
      </p>
      <div class="scroll" tabIndex={0} role="group" aria-label={say({ en: "The chain of layers", zh: "层的链条" })}>
        <div class="chain">
          <div class="row head">
            <span class="place">{say({ en: "place", zh: "位置" })}</span>
            <span class="way">{say({ en: "layers and shortcuts", zh: "层与快捷连接" })}</span>
            <span class="shape">{say({ en: "gives", zh: "输出" })}</span>
            <span class="cost">{say({ en: "parameters", zh: "参数" })}</span>
            <span class="cost">{say({ en: "multiply-adds", zh: "乘加" })}</span>
          </div>
          <ol>
            {stages.map((stage, place) =>
              stage.rows.length === 1 ? (
                <Row key={place} row={stage.rows[0]} whole={view} cuts={cuts} />
              ) : (
                <Stage key={place} stage={stage} whole={view} cuts={cuts} />
              ),
            )}
          </ol>
        </div>
      </div>
    </>
  );
}
