import type { Difference, ViewPair, ViewRow } from "./describe-job.ts";

/** What stands in one place of a chain: a block, or the layers of one. */
export interface Place {
  readonly row: ViewRow;
  /** Positions of its rows in the chain. */
  readonly rows: readonly number[];
}

/** Two chains, place by place. */
export interface Alignment {
  readonly by: "names" | "layers" | "nothing";
  readonly pairs: readonly { readonly first?: Place; readonly second?: Place }[];
}

const plus = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a + b;

function join(label: string, rows: readonly ViewRow[]): ViewRow {
  const [first] = rows;
  const { shape } = rows.at(-1)!;
  if (rows.length === 1 && first.label === label) return first;
  const skip = rows.find((row) => row.skip !== undefined)?.skip;
  const multiplyAdds = rows.reduce<number | undefined>((sum, row) => plus(sum, row.multiplyAdds), 0);
  return {
    label,
    boxes: rows.flatMap(({ boxes }) => boxes),
    shape,
    ...(skip === undefined ? {} : { skip }),
    long: rows.flatMap(({ long }) => long),
    parameters: rows.reduce((sum, { parameters }) => sum + parameters, 0),
    ...(multiplyAdds === undefined ? {} : { multiplyAdds }),
  };
}

/** Layers that lie in what is a block of either network are one place: a plain network's have no shortcut to hold them. */
function toPlaces(rows: readonly ViewRow[], blocks: ReadonlySet<string>): readonly Place[] {
  const placeOf = (label: string): string => {
    const parts = label.split(".");
    const ends = parts.map((_, at) => parts.slice(0, at + 1).join("."));
    return ends.find((end) => blocks.has(end)) ?? label;
  };
  const groups: { readonly label: string; readonly rows: number[] }[] = [];
  rows.forEach(({ label }, at) => {
    const place = placeOf(label);
    const last = groups.at(-1);
    if (last !== undefined && last.label === place && blocks.has(place)) last.rows.push(at);
    else groups.push({ label: place, rows: [at] });
  });
  return groups.map(({ label, rows: own }) => ({
    row: join(
      label,
      own.map((at) => rows[at]),
    ),
    rows: own,
  }));
}

/** A layer's kind without its width. */
const kindsOf = ({ boxes }: ViewRow): string => boxes.map((box) => box.replace(/, \d+/, "")).join("; ");

/** How well two places fit; nothing if they are none and the same. */
type Fit = (first: ViewRow, second: ViewRow) => number;

const fitNames: Fit = (first, second) => (first.label === second.label ? 1 : 0);

const fitLayers: Fit = (first, second) => {
  if ((first.skip === undefined) !== (second.skip === undefined) || kindsOf(first) !== kindsOf(second)) return 0;
  return first.shape === second.shape ? 2 : 1;
};

/** The pairs, in order, that fit best together. @source Needleman and Wunsch 1970, gaps being free */
function pairUp(first: readonly Place[], second: readonly Place[], fit: Fit): Alignment["pairs"] {
  const width = second.length + 1;
  const best = new Float32Array((first.length + 1) * width);
  for (let i = first.length - 1; i >= 0; i--)
    for (let j = second.length - 1; j >= 0; j--) {
      const own = fit(first[i].row, second[j].row);
      const paired = own === 0 ? 0 : own + best[(i + 1) * width + j + 1];
      best[i * width + j] = Math.max(paired, best[(i + 1) * width + j], best[i * width + j + 1]);
    }
  const pairs: { readonly first?: Place; readonly second?: Place }[] = [];
  let [i, j] = [0, 0];
  while (i < first.length && j < second.length) {
    const own = fit(first[i].row, second[j].row);
    const here = best[i * width + j];
    if (own > 0 && here === own + best[(i + 1) * width + j + 1]) pairs.push({ first: first[i++], second: second[j++] });
    else if (here === best[(i + 1) * width + j]) pairs.push({ first: first[i++] });
    else pairs.push({ second: second[j++] });
  }
  return [
    ...pairs,
    ...first.slice(i).map((one) => ({ first: one })),
    ...second.slice(j).map((one) => ({ second: one })),
  ];
}

/** Whether so many places have a counterpart that the two chains are told to be alike: half of the shorter one's. */
function isEnough(pairs: Alignment["pairs"], first: readonly Place[], second: readonly Place[]): boolean {
  const both = pairs.filter((pair) => pair.first !== undefined && pair.second !== undefined).length;
  return both > 0 && 2 * both >= Math.min(first.length, second.length);
}

/**
 * Finds which places of two chains are the same: those of the same name, in order; or, where names do not tell, those of the same
 * layers.
 */
export function alignChains(first: readonly ViewRow[], second: readonly ViewRow[]): Alignment {
  const blocks = new Set(
    [...first, ...second].flatMap(({ label, skip }) => (skip === undefined || label === "" ? [] : [label])),
  );
  const [ours, theirs] = [toPlaces(first, blocks), toPlaces(second, blocks)];
  const named = (places: readonly Place[]): boolean =>
    new Set(places.map(({ row }) => row.label)).size > places.length / 2;
  if (named(ours) && named(theirs)) {
    const pairs = pairUp(ours, theirs, fitNames);
    if (isEnough(pairs, ours, theirs)) return { by: "names", pairs };
  }
  const pairs = pairUp(ours, theirs, fitLayers);
  return isEnough(pairs, ours, theirs) ? { by: "layers", pairs } : { by: "nothing", pairs: [] };
}

const nameSkips = ({ skip, long }: ViewRow): string =>
  JSON.stringify([skip?.name, skip?.join, skip?.detail.replace(/, \d+/, ""), long.map(({ name }) => name)]);

const splitShape = (shape: string): readonly [width: string, extent: string] => {
  const [width, ...extents] = shape.split("×");
  return [width, extents.join("×")];
};

/** What two rows in the same place differ in. */
function differencesOf(first: ViewRow, second: ViewRow): readonly Difference[] {
  const [[width, extent], [otherWidth, otherExtent]] = [splitShape(first.shape), splitShape(second.shape)];
  // Between them, layers may be of other widths than what the block gives.
  const isWider = width !== otherWidth || first.boxes.join(";") !== second.boxes.join(";");
  const differs: { readonly [Name in Difference]: boolean } = {
    shortcut: nameSkips(first) !== nameSkips(second),
    layers: kindsOf(first) !== kindsOf(second),
    width: width !== otherWidth || (kindsOf(first) === kindsOf(second) && isWider),
    extent: extent !== otherExtent,
    parameters: first.parameters !== second.parameters,
    multiplyAdds: first.multiplyAdds !== second.multiplyAdds,
  };
  return (Object.keys(differs) as Difference[]).filter((name) => differs[name]);
}

/** A pair as the page shows it. */
export function viewPair(first: ViewRow | undefined, second: ViewRow | undefined, moved?: number): ViewPair {
  return {
    label: first?.label ?? second?.label ?? "",
    ...(first === undefined ? {} : { first }),
    ...(second === undefined ? {} : { second }),
    differences: first === undefined || second === undefined ? [] : differencesOf(first, second),
    ...(moved === undefined ? {} : { moved }),
  };
}
