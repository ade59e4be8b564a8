import { type Network, open } from "residua/web";
import { fillIn, say, sayCount } from "./words.ts";

type Choice = "plates" | "cells";
type Point = readonly [x: number, y: number];

/** What is drawn and listed. */
interface Found {
  readonly outlines: readonly (readonly Point[])[];
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const find = <Type extends HTMLElement>(id: string): Type => document.getElementById(id) as Type;
const [picture, status, canvas, table, tasks] = [
  find<HTMLInputElement>("picture"),
  find("status"),
  find<HTMLCanvasElement>("canvas"),
  find<HTMLTableElement>("table"),
  find("tasks"),
];

/** Opened when first needed, from `models/` beside the page; once more after a failure. */
let plates: Promise<Network<"plates">> | undefined;
let cells: Promise<Network<"segment">> | undefined;

async function findPlates(file: File): Promise<Found> {
  plates ??= open("plates", { task: "plates" });
  plates.catch(() => (plates = undefined));
  const found = await (await plates).predict(file);
  if (found.part !== "both") throw new Error("the network locates or reads alone");
  return {
    outlines: found.plates.map(({ corners }) => corners),
    head: [say("plate"), say("colour"), say("weakest")],
    rows: found.plates.map(({ text, colour, confidence }) => [text, say(colour), `${(100 * confidence).toFixed(1)} %`]),
  };
}

async function findCells(file: File): Promise<Found> {
  cells ??= open("cells", { task: "segment" });
  cells.catch(() => (cells = undefined));
  const found = await (await cells).predict(file, { views: 1 });
  if (found.target !== "instances") throw new Error("the network gives classes of points");
  const areas = new Map<number, number>();
  for (const label of found.labels) if (label > 0) areas.set(label, (areas.get(label) ?? 0) + 1);
  return {
    outlines: found.outlines().flatMap(({ parts }) => parts.flat()),
    head: [say("area")],
    rows: Array.from(areas.values(), (area) => [String(area)]),
  };
}

/** Draws the picture with outlines; of a file that the page itself does not read, such as TIFF, the outlines alone. */
async function draw(file: File, outlines: Found["outlines"]): Promise<void> {
  const image = await createImageBitmap(file).catch(() => undefined);
  const points = outlines.flat();
  canvas.width = image?.width ?? Math.ceil(Math.max(1, ...points.map(([x]) => x)));
  canvas.height = image?.height ?? Math.ceil(Math.max(1, ...points.map(([, y]) => y)));
  const context = canvas.getContext("2d")!;
  if (image !== undefined) context.drawImage(image, 0, 0);
  context.lineWidth = Math.max(1, canvas.width / 400);
  context.strokeStyle = "#ff2878";
  for (const outline of outlines) {
    context.beginPath();
    for (const [x, y] of outline) context.lineTo(x, y);
    context.closePath();
    context.stroke();
  }
  canvas.hidden = false;
}

function list({ head, rows }: Found): void {
  const addRow = (tag: "th" | "td", texts: readonly string[]): void => {
    const row = table.insertRow();
    for (const text of texts) {
      const cell = row.appendChild(document.createElement(tag));
      cell.textContent = text;
      if (tag === "td" && /^[\d.]+( %)?$/.test(text)) cell.className = "number";
    }
  };
  table.replaceChildren();
  addRow("th", head);
  for (const row of rows) addRow("td", row);
  table.hidden = rows.length === 0;
}

async function look(): Promise<void> {
  const [file] = picture.files ?? [];
  if (file === undefined) return;
  const choice = document.querySelector<HTMLInputElement>("input[name=task]:checked")!.value as Choice;
  status.textContent = say((choice === "plates" ? plates : cells) === undefined ? "loading" : "looking");
  const found = await (choice === "plates" ? findPlates(file) : findCells(file));
  await draw(file, found.outlines);
  list(found);
  status.textContent = sayCount(choice, found.rows.length);
}

/** One picture after the other. */
let last: Promise<void> = Promise.resolve();
const lookNext = (): void => {
  last = last
    .then(look)
    .catch((error: unknown) => void (status.textContent = error instanceof Error ? error.message : String(error)));
};

fillIn();
picture.addEventListener("change", lookNext);
tasks.addEventListener("change", lookNext);
