import { isImageName } from "../../../data/image/names.ts";
import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import * as v from "valibot";
import { readImage } from "../../../data/node/image.ts";
import { checkPlainData, describeFailure } from "../../../files/schema.ts";
import { readTextFile } from "../../../files/node.ts";
import { EnvironmentError, FormatError } from "../../../tensor/errors.ts";
import { normalizePlateText, type PlateColour, plateColours } from "../alphabet.ts";
import { type Corners, orderCorners, type Point, rectangle } from "../geometry.ts";
import { toPixels } from "../pixels.ts";
import type { Pixels } from "../straighten.ts";
import { isCcpdName, parseCcpdName } from "./ccpd-name.ts";

/** A plate as a folder labels it. */
export interface FilePlate {
  /** Undefined where the folder does not say. */
  readonly text?: string;
  readonly colour?: PlateColour;
  /** Undefined if the plate is the whole picture. */
  readonly corners?: Corners;
  readonly rows: 1 | 2;
}

/** A picture with its plates, before it is read. */
export interface PlateFile {
  readonly path: string;
  readonly plates: readonly FilePlate[];
  /** Whether the picture is one plate, cut out. */
  readonly isCrop: boolean;
}

/** How labels are read. */
export interface ListOptions {
  /** Whether texts must be ones of plates; otherwise those that are not are left out. Default true. */
  readonly needsText?: boolean;
}

const number = v.pipe(v.number(), v.finite());
const point = v.strictTuple([number, number]);
const plateEntry = v.looseObject({
  text: v.optional(v.nullable(v.string())),
  colour: v.optional(v.nullable(v.string())),
  rows: v.optional(v.picklist([1, 2])),
  poly: v.optional(v.nullable(v.pipe(v.array(point), v.length(4)))),
  box: v.optional(v.strictTuple([number, number, number, number])),
});
const labelled = v.looseObject({
  plates: v.optional(v.array(plateEntry)),
  text: v.optional(v.nullable(v.string())),
  rows: v.optional(v.picklist([1, 2])),
});
const labelsFile = v.record(v.string(), labelled);

type PlateEntry = v.InferOutput<typeof plateEntry>;

function textOf(
  text: string | null | undefined,
  where: string,
  { needsText = true }: ListOptions,
): { readonly text?: string } {
  if (text === null || text === undefined) return {};
  try {
    return { text: normalizePlateText(text, where) };
  } catch (error) {
    if (needsText) throw error;
    return {};
  }
}

function cornersOf({ poly, box }: PlateEntry, where: string): Corners {
  if (poly !== undefined && poly !== null) {
    const ordered = orderCorners(poly);
    if (ordered === null)
      throw new FormatError(
        where,
        `has a plate with the corners ${JSON.stringify(poly)}, which make no convex quadrilateral; correct the label`,
      );
    return ordered;
  }
  if (box === undefined)
    throw new FormatError(where, "has a plate without poly and without box; give its four corners");
  const [left, top, right, bottom] = box;
  if (!(right > left && bottom > top))
    throw new FormatError(where, `has a plate with the box ${JSON.stringify(box)}, must be left, top, right, bottom`);
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

const isColour = (colour: unknown): colour is PlateColour => plateColours.some((known) => known === colour);

/** Pictures that a `labels.json` names; those whose pictures are missing are an error. */
async function listLabelled(folder: string, options: ListOptions): Promise<readonly PlateFile[]> {
  const where = join(folder, "labels.json");
  let data: unknown;
  try {
    data = JSON.parse(await readTextFile(where));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new FormatError(where, `is no JSON: ${cause.message}`, { cause });
  }
  const labels = checkPlainData(labelsFile, data, (failure) => new FormatError(where, describeFailure(failure)));
  const inside = (await readdir(folder)).includes("images") ? join(folder, "images") : folder;
  const present = new Set(await readdir(inside));
  return Object.entries(labels).map(([name, { plates, text, rows = 1 }]): PlateFile => {
    const path = join(inside, name);
    if (!present.has(name)) throw new FormatError(where, `names ${name}, which is not in ${inside}`);
    if (plates === undefined) return { path, isCrop: true, plates: [{ ...textOf(text, path, options), rows }] };
    return {
      path,
      isCrop: false,
      plates: plates.map((plate) => ({
        ...textOf(plate.text, path, options),
        ...(isColour(plate.colour) ? { colour: plate.colour } : {}),
        corners: cornersOf(plate, path),
        rows: plate.rows ?? 1,
      })),
    };
  });
}

/** A picture whose own name labels it: as CCPD names it, or by the plate's text before a "_", "-" or space. */
function readName(path: string, options: ListOptions): PlateFile {
  const name = basename(path, extname(path));
  if (isCcpdName(name)) {
    const { text, corners } = parseCcpdName(name, path);
    const ordered = orderCorners(corners);
    if (ordered === null) throw new FormatError(path, "names corners that make no convex quadrilateral");
    return { path, isCrop: false, plates: [{ ...textOf(text, path, options), corners: ordered, rows: 1 }] };
  }
  const [text] = name.normalize("NFC").split(/[_\- ]/);
  return { path, isCrop: true, plates: [{ ...textOf(text, path, options), rows: 1 }] };
}

/**
 * Lists labelled pictures: those of a `labels.json`, CCPD's, plates cut out and named by their text, or those of the folders inside.
 *
 * @throws {FormatError} naming a label that cannot be used
 * @throws {EnvironmentError} if there are none
 */
export async function listPlates(folder: string, options: ListOptions = {}): Promise<readonly PlateFile[]> {
  const files = await listFolder(folder, options);
  if (files.length === 0)
    throw new EnvironmentError(
      folder,
      "has no labelled plates: it must hold labels.json, pictures with CCPD's names, or plates named by their text",
    );
  return files;
}

async function listFolder(folder: string, options: ListOptions): Promise<readonly PlateFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new EnvironmentError(folder, "cannot be read as a folder", { cause });
  });
  if (entries.some(({ name }) => name === "labels.json")) return listLabelled(folder, options);
  const names = entries.map(({ name }) => name).toSorted();
  const own = names.filter((name) => isImageName(name)).map((name) => readName(join(folder, name), options));
  const inside: PlateFile[] = [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    if (entry.isDirectory() || (entry.isSymbolicLink() && !isImageName(entry.name)))
      inside.push(...(await listFolder(join(folder, entry.name), options)));
  return [...own, ...inside];
}

/** Reads a picture as plates are looked for in it. */
export async function readPixels(path: string): Promise<Pixels> {
  return toPixels(await readImage(path));
}

/** The corners of a plate; those of the picture if the plate is all of it. */
export function cornersIn({ corners }: FilePlate, { width, height }: Pixels): Corners {
  return corners ?? rectangle(width, height);
}

/** Points of a plate's outline, moved by an offset. */
export function moveCorners(corners: Corners, dx: number, dy: number): Corners {
  return corners.map(([x, y]): Point => [x + dx, y + dy]) as unknown as Corners;
}
