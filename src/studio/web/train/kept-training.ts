import * as v from "valibot";
import { encodeNotes, keptNumber } from "../../../jobs/journal.ts";
import type { Words } from "../../../report/words.ts";
import type { CurvePoint } from "../../curve-point.ts";
import { keep, kept } from "../kept.ts";
import { type TrainChoice, trainChoiceSchema } from "../../train-choice.ts";
import type { ReadImages } from "./read-job.ts";

/** How far a training came. */
export interface Reached {
  readonly checkpoint: Uint8Array;
  /** As many as steps. */
  readonly curve: readonly CurvePoint[];
}

/** A training that a page kept: all that it needs to go on. */
export interface KeptTraining {
  readonly images: ReadImages;
  readonly choice: TrainChoice;
  /** Absent if it was left before its first checkpoint. */
  readonly reached?: Reached;
  /** The server's job that computes it, if that goes on without the page. */
  readonly job?: string;
}

/** Keeps one training in the browser's own file system, for the page's next visit. */
export interface Keeper {
  /** Puts a training in the place of the one before. */
  begin(training: Omit<KeptTraining, "reached">): Promise<void>;
  /** Keeps how far it came; of several that come while one is written, the last. */
  keep(reached: Reached): Promise<void>;
  /** Notes the server's job that computes it; undefined if none does. */
  noteJob(id: string | undefined): Promise<void>;
  /** Removes what is kept. */
  forget(): Promise<void>;
}

const FOLDER = "residua-train";
/** Said at once, while files are removed later: a page may be left before that, and the next visit then removes them. */
const LEFT = "training-left";
const names = {
  about: "about.json",
  images: "images.bin",
  checkpoint: "checkpoint.safetensors",
  curve: "curve.json",
  job: "job.txt",
};

const wholeFrom = (least: number): v.GenericSchema<unknown, number> =>
  v.pipe(v.number(), v.integer(), v.minValue(least));

const aboutSchema = v.strictObject({
  version: v.literal(1),
  choice: trainChoiceSchema,
  name: v.string(),
  classes: v.pipe(v.array(v.string()), v.minLength(2)),
  size: wholeFrom(1),
  labels: v.array(wholeFrom(0)),
  names: v.array(v.string()),
  held: v.array(v.boolean()),
});

const curveSchema = v.array(v.strictObject({ loss: keptNumber, accuracy: keptNumber }));

const open = async (): Promise<FileSystemDirectoryHandle> =>
  (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });

async function write(name: string, content: Uint8Array | string): Promise<void> {
  const file = await (await open()).getFileHandle(name, { create: true });
  const writer = await file.createWritable();
  await writer.write(content as Uint8Array<ArrayBuffer> | string);
  // Until here, the file is as it was.
  await writer.close();
}

async function read(name: string): Promise<File | undefined> {
  try {
    return await (await (await open()).getFileHandle(name)).getFile();
  } catch {
    return undefined;
  }
}

const bytesOf = async (file: File): Promise<Uint8Array> => new Uint8Array(await file.arrayBuffer());

async function remove(name: string): Promise<void> {
  // What is not there need not be removed.
  await (await open()).removeEntry(name).catch(() => undefined);
}

async function removeAll(): Promise<void> {
  await Promise.all(Object.values(names).map(remove));
  keep(LEFT, undefined);
}

async function readReached(): Promise<Reached | undefined> {
  const [checkpoint, curve] = await Promise.all([read(names.checkpoint), read(names.curve)]);
  if (checkpoint === undefined || curve === undefined) return undefined;
  return { checkpoint: await bytesOf(checkpoint), curve: v.parse(curveSchema, JSON.parse(await curve.text())) };
}

/** The training of an earlier visit; undefined if there is none, or it is not whole. */
export async function readKept(): Promise<KeptTraining | undefined> {
  try {
    if (kept(LEFT) !== undefined) await removeAll();
    const [about, pixels] = await Promise.all([read(names.about), read(names.images)]);
    if (about === undefined || pixels === undefined) return undefined;
    const { version: _, choice, ...rest } = v.parse(aboutSchema, JSON.parse(await about.text()));
    const images: ReadImages = { ...rest, images: await bytesOf(pixels), leftOut: [] };
    const { labels, classes, size, names: paths, held } = images;
    const isWhole = [paths.length, held.length, images.images.length / (3 * size * size)].every(
      (count) => count === labels.length,
    );
    if (!isWhole || labels.some((label) => label >= classes.length)) return undefined;
    const [reached, job] = await Promise.all([readReached(), read(names.job).then((file) => file?.text())]);
    return {
      images,
      choice,
      ...(reached === undefined ? {} : { reached }),
      ...(job === undefined ? {} : { job }),
    };
  } catch {
    return undefined;
  }
}

function createKeeper(): Keeper {
  let waiting: Reached | undefined;
  let writing: Promise<void> | undefined;
  const writeAll = async (): Promise<void> => {
    while (waiting !== undefined) {
      const { checkpoint, curve } = waiting;
      waiting = undefined;
      // The curve first: one that is longer than its checkpoint is cut.
      await write(names.curve, encodeNotes(curve));
      await write(names.checkpoint, checkpoint);
    }
  };
  return {
    begin: async ({ images: { images, name, classes, size, labels, names: paths, held }, choice }) => {
      waiting = undefined;
      await writing?.catch(() => undefined);
      await Promise.all([names.about, names.checkpoint, names.curve, names.job].map(remove));
      await write(names.images, images);
      // Last: without it there is nothing.
      await write(names.about, JSON.stringify({ version: 1, choice, name, classes, size, labels, names: paths, held }));
      keep(LEFT, undefined);
    },
    keep: (reached) => {
      waiting = reached;
      writing ??= writeAll().finally(() => (writing = undefined));
      return writing;
    },
    noteJob: (id) => (id === undefined ? remove(names.job) : write(names.job, id)),
    forget: async () => {
      waiting = undefined;
      keep(LEFT, "yes");
      await writing?.catch(() => undefined);
      await removeAll();
    },
  };
}

/** Why nothing is kept. */
export const notKept: Readonly<Record<"otherTab" | "refused" | "full", Words>> = {
  otherTab: {
    en: "Another tab of this page keeps its training; this one is lost when the page is left.",
    zh: "此页面的另一个标签页正在保存它的训练；离开页面后，这里的训练将丢失。",
  },
  refused: {
    en: "The browser keeps no files for this page; the training is lost when the page is left.",
    zh: "浏览器不为此页面保存文件；离开页面后，训练将丢失。",
  },
  full: {
    en: "The browser has no room left to keep the training; it goes on, and is lost when the page is left. Free some space, or download the network at the end.",
    zh: "浏览器没有空间保存训练；训练会继续，但离开页面后将丢失。请腾出空间，或在结束时下载网络。",
  },
};

/**
 * Takes hold of what is kept, for as long as the page is open: one tab at a time has it.
 *
 * @returns the keeper, or why there is none
 */
export async function openKeeper(): Promise<Keeper | keyof typeof notKept> {
  try {
    await open();
    return await new Promise((resolve, reject) => {
      navigator.locks
        .request(FOLDER, { ifAvailable: true }, (lock) => {
          resolve(lock === null ? "otherTab" : createKeeper());
          // Held until the page is left.
          return lock === null ? undefined : new Promise(() => undefined);
        })
        .catch(reject);
    });
  } catch {
    return "refused";
  }
}
