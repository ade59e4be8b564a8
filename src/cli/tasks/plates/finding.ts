import { basename, extname, join, resolve } from "node:path";
import { Option } from "commander";
import { writeFileAtomically } from "../../../files/node.ts";
import { type ExplainedPicture, explainPlates } from "../../../tasks/plates/explain.ts";
import {
  leastLegibility,
  findPlates,
  type FindPlatesOptions,
  type Plate,
  type PlateNetworks,
} from "../../../tasks/plates/find-plates.ts";
import type { PlateGrammar } from "../../../tasks/plates/grammar.ts";
import { hidePlate, paintPlates, toCanvas } from "../../../tasks/plates/mark.ts";
import { toPixels } from "../../../tasks/plates/pixels.ts";
import type { Pixels } from "../../../tasks/plates/straighten.ts";
import { imageChoice, imageOptions, sayNote } from "../../image-options.ts";
import { doEach, findImages, namesOf, reportFailures } from "../../input-images.ts";
import { writeReport } from "../../lab-job.ts";
import { onlyGiven, sharedOptions } from "../../options.ts";
import { requireApart } from "../../output-file.ts";
import { holdFolder } from "../../output-lock.ts";
import { printJson, printLines, say } from "../../output.ts";
import { createProgress } from "../../progress.ts";
import { lookingChoice, type LookingFlags, lookingOptions } from "./looking.ts";
import type { OpenedPlateNetworks, UsedNetworks } from "./networks.ts";
import { type FoundPlates, platesToCsv, platesToJson, plateTable } from "./results.ts";

/** Whose plates are looked for, by the grammar of their texts. */
const regions: Readonly<Record<"china" | "any", PlateGrammar>> = { china: "china", any: "none" };

/** The options of {@link plateOptions}. */
export interface PlateFlags extends LookingFlags {
  readonly out: string;
  readonly explain?: boolean;
  readonly blur?: string;
  readonly region: keyof typeof regions;
  readonly page?: number;
  readonly channel?: number;
  readonly json?: boolean;
}

/** A page of more pictures than this is too large to look at. */
const MOST_EXPLAINED = 50;

interface Work {
  readonly networks: PlateNetworks;
  readonly flags: PlateFlags;
  readonly how: FindPlatesOptions;
}

/** A picture, and the stem of its results' names. */
interface Target {
  readonly path: string;
  readonly name: string;
}

const isJpeg = (path: string): boolean => /\.jpe?g$/i.test(path);

async function encode({ width, height, data }: Pixels, path: string): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  return isJpeg(path) ? picture.jpeg({ quality: 92 }).toBuffer() : picture.png().toBuffer();
}

const overlayPath = (folder: string, name: string): string => join(folder, `${name}.overlay.png`);

/** Where a picture goes without its plates: a JPEG stays one, all else becomes PNG. */
const hiddenPath = (folder: string, { path, name }: Target): string =>
  join(folder, `${name}${isJpeg(path) ? extname(path) : ".png"}`);

/** Writes the picture with its plates outlined and numbered; and, if it is wanted, with its plates made unreadable. */
async function writePictures(
  pixels: Pixels,
  { plates, located }: { readonly plates: readonly Plate[]; readonly located: readonly Plate[] },
  { target: { path, name }, flags: { out, blur } }: { readonly target: Target; readonly flags: PlateFlags },
): Promise<readonly string[]> {
  const overlay = overlayPath(out, name);
  const marked = toCanvas(pixels);
  paintPlates(marked, plates);
  await writeFileAtomically(overlay, await encode(marked, overlay));
  if (blur === undefined) return [overlay];
  const hidden = hiddenPath(blur, { path, name });
  const canvas = toCanvas(pixels);
  for (const { corners } of located) hidePlate(canvas, corners);
  await writeFileAtomically(hidden, await encode(canvas, hidden));
  return [overlay, hidden];
}

async function findIn(
  target: Target,
  { networks, flags, how }: Work,
): Promise<{ readonly found: FoundPlates; readonly pixels: Pixels }> {
  const { readImage } = await import("../../../data/node/image.ts");
  const pixels = toPixels(await readImage(target.path, { ...imageChoice(flags), onNote: sayNote }));
  // What is published should not depend on what can be read: all that looks like a plate is hidden.
  const located = await findPlates(pixels, networks, { ...how, legibility: 0 });
  const least = leastLegibility(networks.reader, flags.legibility);
  const plates = located.filter(({ legibility }) => legibility >= least);
  const files = await writePictures(pixels, { plates, located }, { target, flags });
  const { width, height } = pixels;
  return { found: { image: target.path, width, height, plates, files }, pixels };
}

async function explain(
  pictures: readonly ExplainedPicture[],
  { locator, reader }: UsedNetworks,
  { out, count }: { readonly out: string; readonly count: number },
): Promise<string> {
  const path = join(out, "explain.html");
  const label = locator === reader ? locator : `${basename(locator)}, ${basename(reader)}`;
  await writeReport(path, explainPlates(pictures, label));
  const shown = pictures.length;
  if (count > shown)
    say({ en: `${path}: the first ${shown} of ${count} pictures`, zh: `${path}：${count} 幅图像中的前 ${shown} 幅` });
  return path;
}

/** @throws {OptionError} if a result would replace a picture, or another result */
async function holdFolders({ out, blur }: PlateFlags, targets: readonly Target[]): Promise<void> {
  const pictures = targets.map(({ path }) => path);
  const overlays = targets.map(({ name }) => overlayPath(out, name));
  await requireApart(overlays, "--out", pictures);
  if (blur !== undefined) {
    const hidden = targets.map((target) => hiddenPath(blur, target));
    await requireApart(hidden, "--blur", pictures);
    await requireApart(
      [...overlays, ...hidden].map((path) => resolve(path)),
      "--blur",
      pictures,
    );
    await holdFolder(blur);
  }
  await holdFolder(out);
}

/** Finds and reads the plates of pictures, and writes all results into one folder. */
export async function findPlatesInFiles(
  args: readonly string[],
  flags: PlateFlags,
  { networks, used }: Omit<OpenedPlateNetworks, "release">,
): Promise<void> {
  const paths = await findImages(args);
  const names = namesOf(paths);
  const targets = paths.map((path, index): Target => ({ path, name: names[index] }));
  await holdFolders(flags, targets);
  const { out, region, json } = flags;
  const work: Work = { networks, flags, how: { ...lookingChoice(flags), grammar: regions[region] } };
  const progress = createProgress();
  const explained: ExplainedPicture[] = [];
  const { results, failures } = await doEach(paths, async (path, index) => {
    progress.update(
      { en: `picture ${index + 1}/${paths.length}: ${path}`, zh: `图像 ${index + 1}/${paths.length}：${path}` },
      index / paths.length,
    );
    const { found, pixels } = await findIn(targets[index], work);
    if (flags.explain && explained.length < MOST_EXPLAINED)
      explained.push({ name: basename(path), pixels, plates: found.plates });
    return found;
  }).finally(() => progress.finish());
  const table = join(out, "plates.csv");
  await writeFileAtomically(table, platesToCsv(results));
  const page = flags.explain ? await explain(explained, used, { out, count: results.length }) : undefined;
  reportFailures(failures, paths.length);
  const rest = { table, ...onlyGiven({ page }), ...(failures.length === 0 ? {} : { failures }) };
  if (json) return printJson({ ...used, images: results.map(platesToJson), ...rest });
  printLines(plateTable(results));
  say({
    en: `written to ${out}${page === undefined ? "" : `; ${page} shows how`}`,
    zh: `已写入 ${out}${page === undefined ? "" : `；说明见 ${page}`}`,
  });
  if (flags.blur !== undefined)
    say({
      en: `${flags.blur}: a plate that was not found is not hidden; look at the pictures before you publish them`,
      zh: `${flags.blur}：未检出的车牌没有被抹去；发布前请先查看这些图像`,
    });
}

/** Options for how plates are looked for and read, and what is written. */
export function plateOptions(): readonly Option[] {
  return [
    sharedOptions.out("found-plates"),
    new Option(
      "--explain",
      "also write explain.html: the straightened plates, where each character was seen, what came next",
    ),
    new Option("--blur <dir>", "also write the pictures with their plates made unreadable into this folder"),
    new Option("--region <name>", "whose plates: china follows the rules of their texts, any does not")
      .choices(Object.keys(regions))
      .default("china"),
    ...lookingOptions(),
    ...imageOptions(),
  ];
}
