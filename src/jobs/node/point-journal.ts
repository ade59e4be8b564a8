import { readFileBytes, writeFileAtomically } from "../../files/node.ts";
import { rm } from "node:fs/promises";
import { createHash } from "node:crypto";
import * as v from "valibot";
import { canonicalJson } from "../../tensor/canonical-json.ts";

/** What evaluating one changed network gave. */
export interface MeasuredPoint {
  readonly loss: number;
  /** Share of the images that are classified wrong. */
  readonly error: number;
}

/** Points that were measured, kept in a file, so that a study that was interrupted goes on where it was. */
export interface PointJournal {
  get(key: string): MeasuredPoint | undefined;
  /** Keeps a point; the file follows within seconds. */
  add(key: string, point: MeasuredPoint): Promise<void>;
  /** Writes what is not yet in the file. */
  flush(): Promise<void>;
  /** Removes the file: everything is done. */
  remove(): Promise<void>;
}

const SAVE_MILLISECONDS = 5_000;

// A network that was changed too much may have no finite loss, which JSON writes as null.
const schema = v.strictObject({
  identity: v.string(),
  points: v.record(v.string(), v.strictObject({ loss: v.nullable(v.number()), error: v.number() })),
});

/** Tells studies apart: a hash of all that their points depend on. */
export function identifyStudy(facts: unknown, weights: Iterable<Uint8Array>): string {
  const hash = createHash("sha256").update(canonicalJson(facts));
  for (const bytes of weights) hash.update(bytes);
  return hash.digest("hex");
}

/** Opens the journal of a study; one of another study, or that cannot be read, counts as empty and is replaced. */
export async function openJournal(path: string, identity: string): Promise<PointJournal> {
  const points = new Map<string, MeasuredPoint>(await readPoints(path, identity));
  let [saved, last] = [points.size, performance.now()];
  const flush = async (): Promise<void> => {
    if (points.size === saved) return;
    await writeFileAtomically(path, `${JSON.stringify({ identity, points: Object.fromEntries(points) })}\n`);
    [saved, last] = [points.size, performance.now()];
  };
  return {
    get: (key) => points.get(key),
    add: async (key, point) => {
      points.set(key, point);
      if (performance.now() - last > SAVE_MILLISECONDS) await flush();
    },
    flush,
    remove: () => rm(path, { force: true }),
  };
}

async function readPoints(path: string, identity: string): Promise<readonly (readonly [string, MeasuredPoint])[]> {
  try {
    const text = new TextDecoder().decode(await readFileBytes(path));
    const found = v.parse(schema, JSON.parse(text));
    if (found.identity !== identity) return [];
    return Object.entries(found.points).map(([key, { loss, error }]) => [key, { loss: loss ?? Number.NaN, error }]);
  } catch {
    return [];
  }
}
