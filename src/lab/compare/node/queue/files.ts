import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, readFileBytes, removeUnfinished, writeFileAtomically } from "../../../../files/node.ts";
import { canonicalJson } from "../../../../tensor/canonical-json.ts";
import { EnvironmentError, errorMessage, TrainingError } from "../../../../tensor/errors.ts";
import type { DrawnRun } from "../../comparison.ts";
import type { Attempt } from "./attempts.ts";

/** Does some work if the run is still this attempt's. @returns whether it was done */
export type Fence = (work: () => Promise<void>) => Promise<boolean>;

/** A run's result, beside its checkpoints. */
export const resultFile = "result.json";

const checkpointName = /^checkpoint-(\d+)\.safetensors$/;
/** A file that was being written, and its name. */
const unfinishedName = /^\.(checkpoint-\d+\.safetensors|result\.json)\.[\da-f-]{36}\.tmp$/;

/** The folder of a run's files. */
export function runFolder(shared: string, key: string): string {
  return join(shared, "runs", key);
}

/** What a run takes, and which is another each time. */
const timed: ReadonlySet<string> = new Set(["imagesPerSecond", "milliseconds", "seconds"]);

/**
 * A run's result as it is kept: what follows from the run's configuration, the same bytes whoever trained it and however often it
 * was interrupted. How long it took is left to the run store.
 */
export function writtenResult(run: DrawnRun): string {
  const text = JSON.stringify(run, (name, value: unknown) => (timed.has(name) ? undefined : spell(value)));
  return `${canonicalJson(JSON.parse(text))}\n`;
}

/** JSON has no words for NaN and the infinities. */
const spell = (value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;

/**
 * Writes a file whose name it gets only if the run is still this attempt's.
 *
 * @throws {TrainingError} if somebody else has taken the run
 * @throws {EnvironmentError} if it cannot be written, or nobody knows whose the run is
 */
export async function writeFenced(path: string, pieces: Iterable<string | Uint8Array>, fence: Fence): Promise<void> {
  await makeFolder(join(path, ".."));
  await writeFileAtomically(path, pieces, {
    guard: async (rename) => {
      if (!(await fence(rename))) throw new TrainingError("run", "was taken over by another worker; this one stops");
    },
  });
}

interface CheckpointContext {
  readonly fence: Fence;
  readonly note: (text: string) => void;
}

/**
 * Writes an attempt's checkpoint into a file of its own, so that no two attempts ever write one file, even if one is held up
 * between the fence and the renaming. One that cannot be written costs nothing but what a crash would: the training goes on.
 */
export async function writeCheckpoint(
  folder: string,
  { number }: Attempt,
  pieces: Iterable<Uint8Array>,
  { fence, note }: CheckpointContext,
): Promise<void> {
  try {
    await writeFenced(join(folder, `checkpoint-${number}.safetensors`), pieces, fence);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    note(`no checkpoint was written: ${errorMessage(error)}; the training goes on`);
  }
}

/** Checkpoints by attempt, the latest first. */
async function listCheckpoints(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((): readonly string[] => []);
  const numbered = names.flatMap((name) => {
    const [, number] = checkpointName.exec(name) ?? [];
    return number === undefined ? [] : [{ name, number: Number(number) }];
  });
  return numbered.toSorted((a, b) => b.number - a.number).map(({ name }) => join(folder, name));
}

/** The bytes of the checkpoint that the last attempt left; undefined if none did. */
export async function readLastCheckpoint(folder: string): Promise<Uint8Array | undefined> {
  const [last] = await listCheckpoints(folder);
  return last === undefined ? undefined : readFileBytes(last);
}

/**
 * Removes the checkpoints of a run that is done, and what attempts left that were killed while they wrote. One that is only held
 * up finds its file gone, or its run another's: it ends either way.
 */
export async function removeCheckpoints(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): readonly string[] => []);
  const unfinished = new Set(names.flatMap((name) => unfinishedName.exec(name)?.[1] ?? []));
  await Promise.all([
    ...(await listCheckpoints(folder)).map((path) => rm(path, { force: true })),
    ...Array.from(unfinished, (name) => removeUnfinished(join(folder, name))),
  ]);
}
