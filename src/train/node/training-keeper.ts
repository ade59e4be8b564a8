import { makeFolder, writeFileAtomically } from "../../files/node.ts";
import { existsSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as v from "valibot";
import { canonicalJson } from "../../tensor/canonical-json.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { decodeSafetensors, encodeSafetensorsChunks } from "../../weights/safetensors/safetensors.ts";

/** What measured trainings have come to: all it takes to go on exactly. */
export interface KeptTraining<Notes> {
  /** Of the training under way; empty between two. */
  readonly state: ReadonlyMap<string, Tensor>;
  /** What was measured so far. */
  readonly notes: Notes;
}

/** Keeps measured trainings in one file, so that what was interrupted goes on at its step. */
export interface TrainingKeeper<Notes> {
  /** What was kept; undefined where there is nothing, or nothing that can be used: then all begins anew. */
  read(): Promise<KeptTraining<Notes> | undefined>;
  /** Whether it is time to keep something: a machine may stop without a word. */
  isDue(): boolean;
  keep(training: KeptTraining<Notes>): Promise<void>;
  /** Removes the file: everything is done. */
  forget(): void;
}

/** Where trainings are kept, and as what. */
export interface KeeperOptions<Notes> {
  /** Nothing is kept if left out. */
  readonly path: string | undefined;
  /** Tells what these trainings are; a file of others is not used, but replaced. */
  readonly identity: string;
  readonly notes: v.GenericSchema<unknown, Notes>;
}

const KEEP_MILLISECONDS = 120_000;

/** A number in notes; what JSON has no word for is kept by its name, for a training may explode. */
export const keptNumber: v.GenericSchema<unknown, number> = v.union([
  v.number(),
  v.pipe(v.picklist(["NaN", "Infinity", "-Infinity"]), v.transform(Number)),
]);

export function createTrainingKeeper<Notes>(options: KeeperOptions<Notes>): TrainingKeeper<Notes> {
  const { path, identity, notes: schema } = options;
  let last = performance.now();
  return {
    read: async () => {
      if (path === undefined || !existsSync(path)) return undefined;
      try {
        const { tensors, metadata } = decodeSafetensors(await readFile(path), path);
        const notes = v.safeParse(schema, JSON.parse(metadata["notes"] ?? ""));
        return metadata["identity"] === identity && notes.success ? { state: tensors, notes: notes.output } : undefined;
      } catch {
        return undefined;
      }
    },
    isDue: () => path !== undefined && performance.now() - last > KEEP_MILLISECONDS,
    keep: async ({ state, notes }) => {
      if (path === undefined) return;
      await makeFolder(dirname(path));
      await writeFileAtomically(
        path,
        encodeSafetensorsChunks(state, { identity, notes: canonicalJson(notes, String) }),
      );
      last = performance.now();
    },
    forget: () => {
      if (path !== undefined) rmSync(path, { force: true });
    },
  };
}
