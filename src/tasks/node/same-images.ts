import { createHash } from "node:crypto";
import { canonicalJson } from "../../tensor/canonical-json.ts";
import { FormatError } from "../../tensor/errors.ts";
import type { CheckpointNotes } from "../../train/checkpoint.ts";

/** Names of a folder's images by what a training uses them for. */
export type ImageNames = Readonly<Record<"train" | "validation" | "test", readonly string[]>>;

/** What the notes of a training keep of {@link ImageNames}: equal names in equal parts have equal hashes. */
export const hashNames = (names: ImageNames): string => createHash("sha256").update(canonicalJson(names)).digest("hex");

/** A training that goes on, and its file for errors. */
interface Resumed {
  readonly notes: CheckpointNotes;
  readonly path: string;
}

/** @throws {FormatError} if the folder has fewer images to train on than the training had */
export function requireAsMany(count: number, { notes: { network, data }, path }: Resumed): void {
  const wanted = data.train + data.validation;
  if (count < wanted)
    throw new FormatError(
      path,
      `was trained on ${wanted} images, "${network.data}" now has ${count}; resume on the same data`,
    );
}

/**
 * Requires that a training goes on with the images that it began with, each for what it was for: an image that was added would move
 * others from one part to another, and what was kept for the test would be learnt from.
 *
 * @param note told if the training was begun by a version that did not keep their names
 * @throws {FormatError} if images were added, removed or renamed
 */
export function requireSameImages(names: ImageNames, resumed: Resumed, note: (text: string) => void): void {
  const { notes, path } = resumed;
  const { network, data } = notes;
  requireAsMany(names.train.length + names.validation.length, resumed);
  const isOther =
    data.names === undefined
      ? names.train.length !== data.train || names.validation.length !== data.validation
      : hashNames(names) !== data.names;
  if (isOther)
    throw new FormatError(
      path,
      `was trained on other images than "${network.data}" now has: some were added, removed or renamed; resume on the same data`,
    );
  if (data.names === undefined)
    note(`${path} does not say which images it was trained on; whether "${network.data}" has the same is not checked`);
}
