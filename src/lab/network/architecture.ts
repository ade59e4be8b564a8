import { isLayer, traceDataFlow } from "../../onnx/analysis/data-flow.ts";
import { nameShortcut } from "../../onnx/analysis/describe-graph.ts";
import { labelNode } from "../../onnx/analysis/labels.ts";
import { findScopes } from "../../onnx/analysis/scopes.ts";
import { findShortcuts, type GraphShortcut } from "../../onnx/analysis/shortcuts.ts";
import type { SkipKind } from "../../onnx/analysis/skip-kind.ts";
import type { Graph } from "../../onnx/graph.ts";
import { UnsupportedError } from "../../tensor/errors.ts";
import { escapeHtml, inLanguage, phrase, type Words, wordsToSvg } from "../../report/words.ts";
import { nameKind } from "../shortcut-words.ts";

/** One colour per kind, distinguishable for colour-blind readers and on light and dark pages (after Okabe and Ito). */
export const skipColors: { readonly [Kind in SkipKind]: string } = {
  identity: "#2b8fd6",
  "padded identity": "#8f6fd6",
  "partial identity": "#5fb3e4",
  "other channels": "#7fc6c0",
  "subsampled identity": "#5fb3e4",
  "pooled identity": "#5fb3e4",
  "resized identity": "#5fb3e4",
  "normalised identity": "#7a9bb5",
  scaled: "#d0709f",
  gated: "#d99000",
  projection: "#12a577",
  convolution: "#d9672b",
  other: "#8b929a",
};

/** A row of the drawing: a layer on the spine, or a residual block whose branch goes around it. */
interface Row {
  readonly label: string;
  readonly boxes: readonly string[];
  readonly shape: string;
  readonly shortcut?: GraphShortcut;
  /** Positions of the first and the last node. */
  readonly first: number;
  readonly last: number;
}

/** A drawing of more rows is no drawing. */
const MAXIMUM_ROWS = 2000;
/** More long skips than this are counted, not drawn. */
const MAXIMUM_ARCS = 40;

const shown: ReadonlySet<string> = new Set(["AveragePool", "GlobalAveragePool", "GlobalMaxPool", "MaxPool", "Resize"]);

/**
 * The shortcuts without those that join parts of the channels within a residual block, as in a Res2Net: the block is what
 * encloses them.
 */
function withoutParts(shortcuts: readonly GraphShortcut[]): readonly GraphShortcut[] {
  const isPart = ({ kind }: GraphShortcut): boolean => kind === "other channels";
  const parted = new Set(shortcuts.filter(isPart).map(({ at }) => at));
  const blocks = shortcuts.filter((one) => one.join === "add" && !isPart(one));
  return shortcuts.filter(
    ({ fork, at }) => !parted.has(at) || blocks.every((block) => block.fork >= fork || block.at <= at),
  );
}

/** The innermost shortcuts, none of which overlaps another: each is a block of its own. */
function pickBlocks(shortcuts: readonly GraphShortcut[]): readonly GraphShortcut[] {
  const picked: GraphShortcut[] = [];
  for (const one of shortcuts.toSorted((a, b) => a.at - a.fork - (b.at - b.fork))) {
    if (picked.every((other) => one.at <= other.fork || one.fork >= other.at)) picked.push(one);
  }
  return picked.toSorted((a, b) => a.at - b.at);
}

function layOutRows(graph: Graph, blocks: readonly GraphShortcut[]): readonly Row[] {
  const flow = traceDataFlow(graph);
  const scopes = findScopes(graph);
  const labels = (nodes: readonly number[]): readonly string[] =>
    nodes.filter((index) => isLayer(graph.nodes[index])).map((index) => labelNode(graph, graph.nodes[index]));
  const shapeOf = (index: number): string =>
    (graph.types.get(graph.nodes[index].outputs[0])?.shape.slice(1) ?? []).join("×");
  const inside = new Map<number, GraphShortcut>();
  for (const block of blocks) for (const index of [...block.skip, ...block.branch]) inside.set(index, block);
  const starts = new Map(blocks.map((block) => [block.at, block]));
  return graph.nodes.flatMap((node, index): readonly Row[] => {
    const block = starts.get(index);
    if (block !== undefined) {
      const label = scopes?.[index].join(".") ?? "";
      const first = Math.min(index, ...block.branch, ...block.skip);
      return [{ label, boxes: labels(block.branch), shape: shapeOf(index), shortcut: block, first, last: index }];
    }
    const isDrawn = flow.sources[index].length > 0 && !inside.has(index) && (isLayer(node) || shown.has(node.op));
    if (!isDrawn) return [];
    const label = scopes?.[index].join(".") ?? "";
    return [{ label, boxes: [labelNode(graph, node)], shape: shapeOf(index), first: index, last: index }];
  });
}

const style = `text{font:12px system-ui,-apple-system,"DejaVu Sans",sans-serif;fill:#1c1e21}.q{fill:#5f6670;font-size:11px}.t{font-size:16px;font-weight:600}.p{fill:#fff}.b{fill:#f1f3f5;stroke:#9aa3ad}.w{stroke:#9aa3ad;fill:none;stroke-width:1.5}
@media (prefers-color-scheme:dark){text{fill:#e8eaed}.q{fill:#9aa3ad}.p{fill:#16181b}.b{fill:#24282d;stroke:#6b747e}.w{stroke:#6b747e}}`;

const rowHeight = { layer: 34, block: 52 };
const boxHeight = 22;
const spineGap = 26;
const labelWidth = 230;

const textWidth = (text: string): number => Math.ceil(text.length * 6.6) + 16;

/** The end of a place tells most. */
function shortenPlace(text: string, length: number): string {
  return escapeHtml(text.length > length ? `…${text.slice(1 - length)}` : text);
}

/** Text that fits; names come from files. */
function shorten(text: string, length: number): string {
  return escapeHtml(text.length > length ? `${text.slice(0, length - 1)}…` : text);
}

/** Words as the inside of an SVG text. */
type Write = (words: Words) => string;

const boxWidth = (words: Words): number => textWidth(inLanguage(words, "en"));

function drawBox(
  words: Words,
  { x, y, write }: { readonly x: number; readonly y: number; readonly write: Write },
): string {
  const width = boxWidth(words);
  return `<rect class="b" x="${x}" y="${y - boxHeight / 2}" width="${width}" height="${boxHeight}" rx="4"/><text x="${x + width / 2}" y="${y + 4}" text-anchor="middle">${write(words)}</text>`;
}

/** The branch goes out to the right through its layers and comes back below; the spine between is the shortcut. */
function drawBlock(
  { boxes, shape, shortcut, label }: Row & { readonly shortcut: GraphShortcut },
  { spine, top, write }: { readonly spine: number; readonly top: number; readonly write: Write },
): string {
  const color = skipColors[shortcut.kind];
  const [out, back] = [top + 13, top + 41];
  let x = spine + spineGap;
  const rest = boxes.length - 5;
  const more: Words = { en: `${rest} more`, zh: `另有 ${rest} 层` };
  const drawn = (boxes.length > 6 ? [...boxes.slice(0, 5), more] : boxes).map((words) => {
    const box = drawBox(words, { x, y: out, write });
    x += boxWidth(words) + 14;
    return box;
  });
  const middle = (out + back) / 2;
  const onSkip =
    shortcut.skip.length === 0
      ? ""
      : `<rect x="${spine - 7}" y="${middle - 5}" width="14" height="10" rx="2" fill="${color}"><title>${escapeHtml(shortcut.detail)}</title></rect>`;
  const join = shortcut.join === "add" ? "+" : "‖";
  return [
    `<path class="w" d="M${spine},${out}H${x}V${back}H${spine + 9}"/>`,
    ...drawn,
    `<path d="M${spine},${out}V${back}" stroke="${color}" stroke-width="4"/>${onSkip}`,
    `<circle cx="${spine}" cy="${out}" r="3.5" fill="${color}"/>`,
    `<circle class="p" cx="${spine}" cy="${back}" r="8" style="stroke:${color};stroke-width:2"/><text x="${spine}" y="${back + 4}" text-anchor="middle">${join}</text>`,
    `<text x="${spine - 14}" y="${out + 4}" text-anchor="end">${shortenPlace(label, 26)}</text>`,
    `<text x="${spine - 14}" y="${out + 20}" text-anchor="end" class="q" style="fill:${color}">${write(nameKind(nameShortcut(shortcut)))}</text>`,
    `<text x="${x + 10}" y="${middle + 4}" class="q">${escapeHtml(shape)}</text>`,
  ].join("");
}

function drawLayer(
  { boxes: [label], shape, label: place }: Row,
  { spine, top, write }: { readonly spine: number; readonly top: number; readonly write: Write },
): string {
  const width = textWidth(label);
  const middle = top + 16;
  return [
    drawBox(label, { x: spine - width / 2, y: middle, write }),
    `<text x="${spine - Math.max(14, width / 2 + 8)}" y="${middle + 4}" text-anchor="end">${shortenPlace(place, 26)}</text>`,
    `<text x="${spine + width / 2 + 10}" y="${middle + 4}" class="q">${escapeHtml(shape)}</text>`,
  ].join("");
}

function drawLegend(shortcuts: readonly GraphShortcut[], y: number, write: Write): string {
  const names = [...new Set(shortcuts.map(nameShortcut))];
  let x = 16;
  return names
    .map((name) => {
      const found = shortcuts.filter((one) => nameShortcut(one) === name);
      const words = phrase(`${found.length} × `, nameKind(name));
      const mark = `<rect x="${x}" y="${y - 9}" width="18" height="4" rx="2" fill="${skipColors[found[0].kind]}"/><text x="${x + 24}" y="${y - 3}">${write(words)}</text>`;
      x += textWidth(inLanguage(words, "en")) + 28;
      return mark;
    })
    .join("");
}

/** Skips across several rows, as arcs on the left. */
function drawArcs(
  long: readonly GraphShortcut[],
  find: (node: number, end: "from" | "to") => number,
  spine: number,
): string {
  return long
    .slice(0, MAXIMUM_ARCS)
    .map((one, index) => {
      const [from, to] = [find(one.fork, "from"), find(one.at, "to")];
      const lane = spine - labelWidth - 12 - (index % 12) * 10;
      return `<path d="M${spine - 6},${from}H${lane}V${to}H${spine - 9}" fill="none" stroke="${skipColors[one.kind]}" stroke-width="2" opacity=".8"><title>${escapeHtml(nameShortcut(one))}</title></path>`;
    })
    .join("");
}

/**
 * Draws a network's architecture as SVG: data runs down the spine; each residual block's branch goes around to the right, so that
 * what is left of the spine is its shortcut, coloured by kind. Skips over several blocks are arcs on the left. Readable on light
 * and dark pages; needs nothing but itself.
 *
 * @param options.style "page" leaves colours to the page that it stands in, such as a report
 * @throws {UnsupportedError} if the graph has more than 2000 rows
 */
export function drawArchitecture(
  graph: Graph,
  title: string,
  { style: standing = "own" }: { readonly style?: "own" | "page" } = {},
): string {
  // A page shows one of two languages; a picture of its own cannot.
  const write: Write = standing === "page" ? wordsToSvg : (words) => escapeHtml(inLanguage(words, "en"));
  const shortcuts = findShortcuts(graph);
  const drawable = withoutParts(shortcuts);
  const blocks = pickBlocks(drawable);
  const rows = layOutRows(graph, blocks);
  if (rows.length > MAXIMUM_ROWS) {
    throw new UnsupportedError(title, `has ${rows.length} layers and blocks; at most ${MAXIMUM_ROWS} are drawn`);
  }
  const taken = new Set(blocks);
  const joined = new Set(blocks.map(({ at }) => at));
  // Of many values put side by side, the block shows one; the others go the same way.
  const long = drawable.filter((one) => !taken.has(one) && !(one.join === "concat" && joined.has(one.at)));
  const spine = labelWidth + 24 + Math.min(12, long.length) * 10;
  const top = 74;
  let y = top;
  const places = rows.map((row) => {
    const place = { row, y };
    y += row.shortcut ? rowHeight.block : rowHeight.layer;
    return place;
  });
  const find = (node: number, end: "from" | "to"): number => {
    const place = places.findLast(({ row }) => row.first <= node) ?? places[0];
    if (place === undefined || node < 0) return top - 8;
    const height = place.row.shortcut ? rowHeight.block : rowHeight.layer;
    return place.y + (end === "from" ? height - 8 : height / 2);
  };
  const widths = rows.map(({ boxes, shape, shortcut }) =>
    shortcut
      ? spineGap + boxes.slice(0, 6).reduce((sum, box) => sum + textWidth(box) + 14, 0) + textWidth(shape)
      : textWidth(boxes[0]) / 2 + textWidth(shape),
  );
  const width = spine + Math.max(360, ...widths) + 24;
  const left = long.length - MAXIMUM_ARCS;
  const hidden: Words =
    left > 0 ? { en: ` (${left} long skips are not drawn)`, zh: `（另有 ${left} 条长快捷连接未画出）` } : "";
  const drawn = places.map(({ row, y: at }) =>
    row.shortcut
      ? drawBlock({ ...row, shortcut: row.shortcut }, { spine, top: at, write })
      : drawLayer(row, { spine, top: at, write }),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="architecture" width="${width}" height="${y + 20}" viewBox="0 0 ${width} ${y + 20}" role="img" aria-label="${escapeHtml(title)}">`,
    `${standing === "own" ? `<style>${style}</style>` : ""}<rect class="p" width="${width}" height="${y + 20}"/>`,
    `<text class="t" x="16" y="28">${shorten(title, 90)}${write(hidden)}</text>`,
    drawLegend(shortcuts, 54, write),
    `<path class="w" d="M${spine},${top - 10}V${y + 6}"/>`,
    drawArcs(long, find, spine),
    ...drawn,
    "</svg>\n",
  ].join("\n");
}
