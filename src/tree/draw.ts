import { type Tree, type TreeVisit, walkTree } from "./tree.ts";

/** How a tree is drawn. */
export interface DrawOptions<T> {
  /** A value's label; its text if left out. */
  readonly label?: (value: T) => string;
  /** The tooltip of a value; none if left out. */
  readonly hint?: (value: T) => string;
  /** The accessible title, for readers who cannot see the drawing. */
  readonly title?: string;
}

const ROW = 22;
const MARGIN = 12;
const GAP = 36;
/** Width of an average letter at 12 px, somewhat generous. */
const LETTER = 7;

interface Spot {
  readonly x: number;
  readonly y: number;
}

/**
 * Draws trees beneath each other as one SVG: roots on the left, one row per leaf, lines from parents to children.
 * Colours follow the page that embeds it.
 *
 * @returns an SVG document
 */
export function drawTrees<T>(trees: readonly Tree<T>[], options: DrawOptions<T> = {}): string {
  const { label = String, hint, title = "tree" } = options;
  const visits = trees.flatMap((tree) => [...walkTree(tree, "post-order")]);
  const columns = placeColumns(visits, label);
  const rows = placeRows(visits);
  const spot = (visit: TreeVisit<T>): Spot => ({ x: columns.starts[visit.depth], y: rows.of(visit) });
  const marks = visits.map((visit) => {
    const { x, y } = spot(visit);
    const shown = `<text x="${x + 8}" y="${y}" dy="0.32em">${escapeXml(label(visit.value))}</text>`;
    const told = hint === undefined ? "" : `<title>${escapeXml(hint(visit.value))}</title>`;
    return `<g>${told}<circle cx="${x}" cy="${y}" r="3"/>${shown}</g>`;
  });
  const lines = visits.flatMap((visit) => {
    if (visit.parent === undefined) return [];
    const end = spot(visit);
    const parent = spot(visit.parent);
    const start = { x: parent.x + 14 + LETTER * label(visit.parent.value).length, y: parent.y };
    const middle = (start.x + end.x) / 2;
    return [`<path d="M${start.x},${start.y}C${middle},${start.y} ${middle},${end.y} ${end.x - 5},${end.y}"/>`];
  });
  const [width, height] = [columns.end + MARGIN, rows.count * ROW + 2 * MARGIN];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">`,
    `<title>${escapeXml(title)}</title>`,
    `<g fill="none" stroke="currentColor" stroke-opacity="0.4">`,
    ...lines,
    `</g>`,
    ...marks,
    `</svg>`,
    "",
  ].join("\n");
}

/** Every depth has a column as wide as its longest label. */
function placeColumns<T>(
  visits: readonly TreeVisit<T>[],
  label: (value: T) => string,
): { readonly starts: readonly number[]; readonly end: number } {
  const widths: number[] = [];
  for (const { depth, value } of visits) widths[depth] = Math.max(widths[depth] ?? 0, LETTER * label(value).length);
  let end = MARGIN;
  const starts = widths.map((width) => {
    const start = end;
    end += width + GAP;
    return start;
  });
  return { starts, end };
}

/** A leaf takes the next row; a parent stands midway between its first and last child. Children come first. */
function placeRows<T>(visits: readonly TreeVisit<T>[]): {
  readonly of: (visit: TreeVisit<T>) => number;
  readonly count: number;
} {
  const rows = new Map<Tree<T>, number>();
  let count = 0;
  for (const { tree } of visits) {
    const [first, last] = [tree.children[0], tree.children.at(-1)];
    if (first === undefined || last === undefined) rows.set(tree, MARGIN + (count++ + 0.5) * ROW);
    else rows.set(tree, (rows.get(first)! + rows.get(last)!) / 2);
  }
  return { of: (visit) => rows.get(visit.tree)!, count };
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escapeXml(text: string): string {
  // XML cannot represent the other control characters.
  const legal = text.replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, " ");
  return legal.replace(/[&<>"]/g, (character) => entities[character]);
}
