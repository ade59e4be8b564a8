import { currentLanguage } from "./language.ts";

/** What a place says, in both languages. */
interface Said {
  readonly en: string;
  readonly zh: string;
}

interface Spot {
  readonly said: Said;
  /** Its middle, as shares of the picture's width and height. */
  readonly x: number;
  readonly y: number;
}

interface Grid {
  readonly values: readonly (readonly (number | null)[])[];
  readonly en: GridNames;
  readonly zh: GridNames;
}

interface GridNames {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly name: string;
}

/** Pixels within which a place is meant. */
const REACH = 28;

/** Titles would show only after a second, and beside the page's own: they are kept elsewhere. */
function takeTitles(svg: SVGSVGElement): Map<Element, Said> {
  const said = new Map<Element, Said>();
  for (const title of svg.querySelectorAll("title")) {
    const owner = title.parentElement;
    if (owner === null || owner === (svg as Element)) continue;
    const en = title.textContent;
    said.set(owner, { en, zh: title.dataset["zh"] ?? en });
    owner.setAttribute("aria-label", en);
    title.remove();
  }
  return said;
}

function locateSpots(svg: SVGSVGElement, said: ReadonlyMap<Element, Said>): readonly Spot[] {
  const frame = svg.getBoundingClientRect();
  return [...said].map(([element, words]) => {
    const box = element.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2 - frame.left, box.top + box.height / 2 - frame.top];
    return { said: words, x: x / frame.width, y: y / frame.height };
  });
}

function findNearest(spots: readonly Spot[], frame: DOMRect, event: PointerEvent): Said | undefined {
  let [nearest, distance]: [Said | undefined, number] = [undefined, REACH];
  for (const { said, x, y } of spots) {
    const away = Math.hypot(frame.left + x * frame.width - event.clientX, frame.top + y * frame.height - event.clientY);
    if (away < distance) [nearest, distance] = [said, away];
  }
  return nearest;
}

function readGrid(area: Element, grid: Grid, event: PointerEvent): string {
  const frame = area.getBoundingClientRect();
  const place = (share: number, count: number): number => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
  const row = place((event.clientY - frame.top) / frame.height, grid.values.length);
  const column = place((event.clientX - frame.left) / frame.width, grid.values[row].length);
  const { rows, columns, name } = grid[currentLanguage()];
  const value = grid.values[row][column];
  return `${name === "" ? "" : `${name}: `}${rows[row]}, ${columns[column]}: ${value ?? "–"}`;
}

function placeTip(tip: HTMLElement, event: PointerEvent): void {
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, innerWidth - width - 8);
  const top = event.clientY + 18 + height > innerHeight ? event.clientY - height - 12 : event.clientY + 18;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${top}px`;
}

/** Values under the mouse, of every figure. */
export function setUpHover(): void {
  const tip = document.createElement("div");
  tip.id = "tip";
  document.body.append(tip);
  const hide = (): void => void (tip.hidden = true);
  hide();
  for (const svg of document.querySelectorAll<SVGSVGElement>("figure > .picture > svg")) {
    const said = takeTitles(svg);
    const grids = new Map<Element, Grid>();
    for (const area of svg.querySelectorAll(".grid-hover")) {
      grids.set(area, JSON.parse(area.getAttribute("data-grid") ?? "{}") as Grid);
    }
    let [spots, width]: [readonly Spot[], number] = [[], 0];
    svg.addEventListener("pointermove", (event) => {
      const frame = svg.getBoundingClientRect();
      if (frame.width !== width) [spots, width] = [locateSpots(svg, said), frame.width];
      const target = event.target instanceof Element ? event.target : undefined;
      const direct = target && [...said].find(([element]) => element === target || element.contains(target))?.[1];
      const grid = target && grids.get(target);
      const words = direct ?? (grid ? undefined : findNearest(spots, frame, event));
      const text = words?.[currentLanguage()] ?? (grid && target ? readGrid(target, grid, event) : undefined);
      if (text === undefined) return hide();
      tip.textContent = text;
      tip.hidden = false;
      placeTip(tip, event);
    });
    svg.addEventListener("pointerleave", hide);
  }
}
