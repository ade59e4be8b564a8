import { randomUUID } from "node:crypto";
import { readFileSync, rmdirSync, rmSync } from "node:fs";
import { open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout } from "node:timers/promises";
import * as v from "valibot";
import { EnvironmentError } from "../../tensor/errors.ts";
import { hasCode, toEnvironmentError } from "./failure.ts";
import { makeFolder } from "./folders.ts";
import { currentProcess, isProcessGone } from "./process.ts";

/** A lock is renewed once a minute; one from another machine that has been silent for ten is taken over. */
const HEARTBEAT_MILLISECONDS = 60_000;
const SILENCE_MILLISECONDS = 600_000;
/** A lock being written is briefly empty. */
const [ATTEMPTS, PAUSE_MILLISECONDS] = [20, 50];

const ownerSchema = v.object({ host: v.string(), process: v.string(), pid: v.number(), since: v.string() });

/** Releases a lock. Safe to call twice. */
export type Unlock = () => Promise<void>;

/** The path of a folder's lock. */
export function folderLockPath(folder: string): string {
  return join(folder, ".residua-lock");
}

/** The path of a file's lock; the file need not exist yet. */
export function fileLockPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.residua-lock`);
}

/**
 * Makes this process the only one of Residua's that writes to a folder or file, until the lock is released or the
 * process ends. The lock of a dead process is taken over: at once on its own machine, after ten minutes of silence on
 * another. The lock's folder is made if it is missing; if it is still empty when the lock is released, as after work that was
 * refused, it goes too.
 *
 * @param lockPath from {@link folderLockPath} or {@link fileLockPath}
 * @param where what is locked, for the error
 * @throws {EnvironmentError} naming the process that holds it, or if the lock cannot be written
 */
export async function acquireLock(lockPath: string, where: string): Promise<Unlock> {
  const path = resolve(lockPath);
  const owner = { ...currentProcess(), pid: process.pid, since: new Date().toISOString(), id: randomUUID() };
  const text = `${JSON.stringify(owner)}\n`;
  try {
    const made = new Set<string>();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      for (const folder of await makeFolder(dirname(path))) made.add(folder);
      if (await writeNew(path, text)) return keepLock(path, text, [...made]);
      const found = await readLock(path);
      if (found !== undefined) await (isStale(found) ? removeStale(path, found) : refuse(where, found));
      if (found === undefined || found.text === "") await setTimeout(PAUSE_MILLISECONDS);
    }
  } catch (cause) {
    throw toEnvironmentError(where, "cannot be locked", cause);
  }
  throw new EnvironmentError(where, `cannot be locked: remove ${path} if nothing is writing to it`);
}

interface FoundLock {
  readonly text: string;
  readonly silentMilliseconds: number;
}

/** @returns false if a lock exists already, or its folder has just been removed by the lock's last holder */
async function writeNew(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    await file.writeFile(text).finally(() => file.close());
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST") || hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

async function readLock(path: string): Promise<FoundLock | undefined> {
  try {
    return { text: await readFile(path, "utf8"), silentMilliseconds: Date.now() - (await stat(path)).mtimeMs };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function ownerOf(text: string): v.InferOutput<typeof ownerSchema> | undefined {
  try {
    const parsed = v.safeParse(ownerSchema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

function isStale({ text, silentMilliseconds }: FoundLock): boolean {
  const owner = ownerOf(text);
  return (owner && isProcessGone(owner)) ?? silentMilliseconds > SILENCE_MILLISECONDS;
}

async function refuse(where: string, { text }: FoundLock): Promise<void> {
  const owner = ownerOf(text);
  if (owner === undefined) return setTimeout(PAUSE_MILLISECONDS);
  const { pid, host, since } = owner;
  throw new EnvironmentError(
    where,
    `process ${pid} on ${host} has been writing to it since ${since}; wait for its end, or give another \`out\``,
  );
}

/** Another process may have taken it over in between: what is moved away is looked at once more, and put back. */
async function removeStale(path: string, { text }: FoundLock): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  if ((await readFile(aside, "utf8")) === text) await rm(aside, { force: true });
  else await rename(aside, path);
}

/** @param made folders that were made for the lock, the outermost first */
function keepLock(path: string, text: string, made: readonly string[]): Unlock {
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MILLISECONDS).unref();
  const remove = (): void => {
    try {
      if (readFileSync(path, "utf8") !== text) return;
      rmSync(path, { force: true });
      for (const folder of made.toReversed()) rmdirSync(folder);
    } catch {
      // Whoever removed the lock has what they wanted; a folder that is not empty stays.
    }
  };
  process.once("exit", remove);
  return async () => {
    clearInterval(beat);
    process.removeListener("exit", remove);
    remove();
  };
}
