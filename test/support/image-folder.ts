import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { writePictures } from "./picture-folders.ts";

/** A folder of pictures by kind, so many of each, for the length of a test. */
export async function makePictures(each: number, size?: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "residua-pictures-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writePictures(folder, each, size);
  return folder;
}
