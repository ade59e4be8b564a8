import { readdir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { OptionError } from "../../../tensor/errors.ts";
import { firstOf } from "../../../data/limit.ts";
import { firstNotes } from "../../../data/image/notes.ts";
import type { OnNote } from "../../../data/image/raster.ts";
import type { OpenedSamples, SamplesChoice } from "../../node/node-task.ts";
import type { MaskedSample } from "../judge.ts";
import type { SegmentationSettings } from "../settings.ts";
import { listMasked, type MaskedFile, readMasked } from "./folder.ts";
import { listSegmentation } from "./load.ts";

/** Reads images with their masks one after another, each when it is wanted. */
export async function* readSamples(
  files: readonly MaskedFile[],
  { target }: Pick<SegmentationSettings, "target">,
  onNote?: OnNote,
): AsyncGenerator<MaskedSample> {
  const noted = firstNotes(onNote);
  for (const file of files) yield { ...(await readMasked(file, target, { onNote: noted })), where: file.image };
}

/** All of a folder's images, or those that the training kept for its test: the part `test/`, or the share of the others. */
async function listImages(folder: string, heldBack: boolean, testShare: number): Promise<readonly MaskedFile[]> {
  if (heldBack) return (await listSegmentation(folder, testShare)).test;
  const names = await readdir(folder).catch((): readonly string[] => []);
  return names.includes("test") && names.includes("train")
    ? (await listSegmentation(folder, 0)).test
    : listMasked(folder);
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * Opens images with masks.
 *
 * @throws {OptionError} naming a limit that is no number of them, `heldBack` if the training kept none, or `data` if nobody names a
 *   folder and that of the training is not here
 * @throws {EnvironmentError} if the folder holds no images with masks
 */
export async function openSegmentationSamples(
  { card, settings }: { readonly card: { readonly data: string }; readonly settings: SegmentationSettings },
  { data: wanted, heldBack = false, limit, onNote }: SamplesChoice,
): Promise<OpenedSamples<MaskedSample>> {
  const data = wanted ?? card.data;
  if (wanted === undefined && !(await isThere(data)))
    throw new OptionError("data", `is required: the network was trained on ${data}, which is not here; give a folder`);
  const listed = await listImages(data, heldBack, settings.testShare);
  if (listed.length === 0) throw new OptionError("heldBack", `the training kept no image of ${data} for its test`);
  // The folder may have moved, or be another one, of which the training has seen none or all.
  if (heldBack && resolve(data) !== resolve(card.data))
    onNote?.(
      `${data}: the network was trained on ${card.data}; taken are the images that a training on this folder keeps`,
    );
  const files = firstOf(listed, limit);
  return { data, count: files.length, samples: readSamples(files, settings, onNote) };
}
