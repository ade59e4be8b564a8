import type { ImageFormat } from "../../../data/image-set.ts";
import { decodePageImage } from "../../../data/web/page-image.ts";
import type { JobContext } from "../../../jobs/job.ts";
import type { Words } from "../../../report/words.ts";
import { EnvironmentError, errorMessage, FormatError, ResiduaError } from "../../../tensor/errors.ts";
import { openZip } from "../../../weights/zip/read.ts";
import type { Said } from "../../said.ts";
import { holdBack } from "../../pictures/hold-back.ts";
import { imageLimits, refuseCounts, refuseSize } from "../../pictures/image-limits.ts";
import { type LeftOut, sortFiles } from "../../pictures/sort-files.ts";
import type { ImageSource, ReadEvent, ReadImages, ReadInput } from "./read-job.ts";

/** Files by their paths, each opened when its turn comes. */
interface OpenedSource {
  readonly name: string;
  readonly paths: readonly string[];
  /** @throws {FormatError} if it cannot be unpacked */
  readonly open: (place: number) => Blob | Promise<Blob>;
}

/**
 * Fetches a file that the server offered.
 *
 * @throws {FormatError} if it has no such file any more
 * @throws {EnvironmentError} if it is gone, or lets this page in no longer
 */
async function fetchFile(address: string): Promise<Blob> {
  try {
    const response = await fetch(address);
    if (response.ok) return await response.blob();
    const detail = `cannot be fetched: the server answered ${response.status}`;
    throw response.status === 404 ? new FormatError(address, detail) : new EnvironmentError(address, detail);
  } catch (error) {
    if (error instanceof ResiduaError) throw error;
    throw new EnvironmentError("images", `the server is gone (${errorMessage(error)}); read them again once it runs`, {
      cause: error,
    });
  }
}

/** Opens what was dropped: files as they are, or those of a zip file. @throws {FormatError} if a zip file is damaged or too large */
export async function openSource(source: ImageSource): Promise<OpenedSource> {
  if (source.kind === "files") {
    const { files } = source;
    const top = files[0]?.path.split("/")[0] ?? "";
    const isOne = files.every(({ path }) => path.startsWith(`${top}/`));
    return { name: isOne ? top : "images", paths: files.map(({ path }) => path), open: (place) => files[place].file };
  }
  if (source.kind === "server") {
    const { folder, address } = source;
    return { ...folder, open: (place) => fetchFile(`${address}${place}`) };
  }
  const { zip } = source;
  const large = refuseSize(zip.size, imageLimits.zipBytes);
  if (large !== undefined) throw new FormatError(zip.name, `is too large: ${(large as { en: string }).en}`);
  const archive = openZip(new Uint8Array(await zip.arrayBuffer()), zip.name);
  return {
    name: zip.name.replace(/\.zip$/i, ""),
    paths: archive.names,
    open: (place) => new Blob([archive.read(archive.names[place]) as BlobPart]),
  };
}

async function hashOf(pixels: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", pixels as BufferSource);
  return String.fromCharCode(...new Uint8Array(digest));
}

/** Pictures that are there already tell nothing new, and one that is held back must not be learnt. */
function createTwinFinder(
  classes: readonly string[],
): (pixels: Uint8Array, about: { readonly path: string; readonly label: number }) => Promise<Words | undefined> {
  const known = new Map<string, { readonly path: string; readonly label: number }>();
  return async (pixels, about) => {
    const key = await hashOf(pixels);
    const before = known.get(key);
    if (before === undefined) known.set(key, about);
    if (before === undefined) return undefined;
    const other = classes[before.label];
    return before.label === about.label
      ? { en: `the same image as ${before.path}`, zh: `与 ${before.path} 是同一图像` }
      : {
          en: `the same image as ${before.path}, of class “${other}”`,
          zh: `与类别“${other}”的 ${before.path} 是同一图像`,
        };
  };
}

/** How often a page is told how far reading is, in milliseconds. */
const MILLISECONDS_BETWEEN = 100;

function everyTenth(report: (event: ReadEvent) => void): (event: ReadEvent) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (event) => {
    if (performance.now() - last < MILLISECONDS_BETWEEN && event.done < event.count) return;
    last = performance.now();
    report(event);
  };
}

/**
 * Reads one image; or why it is left out.
 *
 * @throws {EnvironmentError} if images cannot be had any more, which says nothing of this one
 */
export async function readOne(
  open: () => Blob | Promise<Blob>,
  path: string,
  format: ImageFormat,
): Promise<Uint8Array | Said> {
  try {
    const file = await open();
    const large = refuseSize(file.size, imageLimits.fileBytes);
    if (large !== undefined) return large;
    return await decodePageImage(file, path, format);
  } catch (error) {
    if (error instanceof EnvironmentError) throw error;
    return { message: error instanceof ResiduaError ? error.detail : String(error) };
  }
}

const count = (flags: readonly boolean[], labels: readonly number[], classes: number, wanted: boolean): number[] =>
  Array.from(
    { length: classes },
    (_, label) => labels.filter((own, place) => own === label && flags[place] === wanted).length,
  );

/**
 * Reads images by class. Files that are no images, too large or there twice are left out, and named.
 *
 * @throws {FormatError} if a zip file is damaged, hostile or too large, or there are too many files
 */
export async function readImages(
  { source, size, seed }: ReadInput,
  { report }: JobContext<ReadEvent>,
): Promise<ReadImages> {
  const { name, paths, open } = await openSource(source);
  if (paths.length > imageLimits.files)
    throw new FormatError(name, `has ${paths.length} files, must have at most ${imageLimits.files}`);
  const { classes, files, leftOut: unsorted, isDivided } = sortFiles(paths);
  const leftOut: LeftOut[] = [...unsorted];
  const length = 3 * size * size;
  const pixels = new Uint8Array(files.length * length);
  const kept: (typeof files)[number][] = [];
  const findTwin = createTwinFinder(classes);
  const tell = everyTenth(report);
  for (const [index, file] of files.entries()) {
    tell({ done: index, count: files.length });
    const path = paths[file.place];
    const read = await readOne(() => open(file.place), path, { channels: 3, height: size, width: size });
    const why = read instanceof Uint8Array ? await findTwin(read, { path, label: file.label }) : read;
    if (why !== undefined) leftOut.push({ path, why });
    else pixels.set(read as Uint8Array, kept.push(file) * length - length);
  }
  const labels = kept.map(({ label }) => label);
  const isTest = kept.map((file) => file.isTest);
  const problem = refuseCounts({
    classes,
    train: count(isTest, labels, classes.length, false),
    test: count(isTest, labels, classes.length, true),
  });
  return {
    name,
    classes,
    size,
    images: pixels.slice(0, kept.length * length),
    labels,
    names: kept.map(({ place }) => paths[place]),
    held: isDivided ? isTest : holdBack(labels, seed),
    leftOut,
    ...(problem === undefined ? {} : { problem }),
  };
}
