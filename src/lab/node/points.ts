import * as v from "valibot";
import { encodeNotes, type JournalCodec, keptNumber } from "../../jobs/journal.ts";
import { openJournal } from "../../jobs/node/journal.ts";
import type { MeasuredPoint } from "../measured-point.ts";

/** Measured points, kept in a journal, so that an interrupted study resumes where it stopped. */
export interface MeasuredPoints {
  readonly get: (key: string) => MeasuredPoint | undefined;
  /** Adds a point; the journal follows within seconds. */
  readonly add: (key: string, point: MeasuredPoint) => Promise<void>;
  /** Writes what the journal lacks; whoever has the study's result removes it. */
  readonly flush: () => Promise<void>;
}

const PAUSE_MILLISECONDS = 5_000;

// A network that was changed too much may have no finite loss.
const schema: v.GenericSchema<unknown, Readonly<Record<string, MeasuredPoint>>> = v.record(
  v.string(),
  v.strictObject({ loss: keptNumber, error: v.number() }),
);

/** Points by their own name in the file, as every release has written them; a loss that was not finite was null once. */
const codec: JournalCodec = {
  encode: ({ identity, notes }) => [new TextEncoder().encode(`${encodeNotes({ identity, points: notes })}\n`)],
  decode: (bytes) => {
    const text = new TextDecoder().decode(bytes);
    const { identity, points } = v.parse(
      v.looseObject({ identity: v.string(), points: v.unknown() }),
      JSON.parse(text, (key, value: unknown) => (key === "loss" && value === null ? "NaN" : value)),
    );
    return { identity, notes: points, state: new Map() };
  },
};

/** Opens the points of a study; points of another identity, or unreadable ones, are discarded and replaced. */
export async function openPoints(path: string, identity: string): Promise<MeasuredPoints> {
  const journal = openJournal(path, { identity, notes: schema, codec, pause: PAUSE_MILLISECONDS });
  const points = new Map(Object.entries((await journal.read())?.notes ?? {}));
  let kept = points.size;
  const flush = async (): Promise<void> => {
    if (points.size === kept) return;
    await journal.keep({ notes: Object.fromEntries(points) });
    kept = points.size;
  };
  return {
    get: (key) => points.get(key),
    add: async (key, point) => {
      points.set(key, point);
      if (journal.isDue()) await flush();
    },
    flush,
  };
}
