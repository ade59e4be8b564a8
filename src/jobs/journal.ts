import * as v from "valibot";
import { canonicalJson } from "../tensor/canonical-json.ts";
import { ResiduaError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The progress of interruptible work: everything needed to resume exactly. */
export interface JournalEntry<Notes> {
  /** Measurements so far, as plain data. */
  readonly notes: Notes;
  /** Tensors of the work in progress, by name. */
  readonly state: ReadonlyMap<string, Tensor>;
}

/** Stores the progress of work, one entry at a time, so that interrupted work resumes where it stopped. */
export interface Journal<Notes> {
  /** The stored entry; undefined if there is none or it is unusable, and work starts over. */
  readonly read: () => Promise<JournalEntry<Notes> | undefined>;
  /** Whether an entry is due: a machine may stop without warning. */
  readonly isDue: () => boolean;
  /** Replaces the stored entry. The state is empty if left out. */
  readonly keep: (entry: Pick<JournalEntry<Notes>, "notes"> & Partial<JournalEntry<Notes>>) => Promise<void>;
  /** Removes the entry once everything is done. */
  readonly forget: () => Promise<void>;
}

/** Where a journal's bytes lie. */
export interface JournalStorage {
  /** Undefined if there is none. */
  readonly read: () => Promise<Uint8Array | undefined>;
  /** Replaces all bytes by these pieces, whole or not at all. */
  readonly write: (pieces: Iterable<Uint8Array>) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** What a journal's bytes say. */
export interface JournalContent extends JournalEntry<unknown> {
  readonly identity: string;
}

/** Turns entries into bytes and back. */
export interface JournalCodec {
  readonly encode: (content: JournalContent) => Iterable<Uint8Array>;
  /** @throws if the bytes are damaged, or not of this codec */
  readonly decode: (bytes: Uint8Array) => JournalContent;
}

/** What a journal is opened with. */
export interface JournalOptions<Notes> {
  /** A hash of all that the results depend on. Entries with another identity are ignored and replaced. */
  readonly identity: string;
  readonly notes: v.GenericSchema<unknown, Notes>;
  /** {@link jsonCodec} if left out, which keeps notes alone. */
  readonly codec?: JournalCodec;
  /** Milliseconds from one entry to the next; two minutes if left out. */
  readonly pause?: number;
}

const PAUSE_MILLISECONDS = 120_000;

/** A number in notes. What JSON has no word for is kept by its name, for a training may explode. */
export const keptNumber: v.GenericSchema<unknown, number> = v.union([
  v.number(),
  v.pipe(v.picklist(["NaN", "Infinity", "-Infinity"]), v.transform(Number)),
]);

/** Notes as the text of a codec: JSON with sorted keys, {@link keptNumber} for numbers. */
export function encodeNotes(notes: unknown): string {
  return canonicalJson(notes, String);
}

/** One JSON object of the identity and the notes. */
export const jsonCodec: JournalCodec = {
  encode: ({ identity, notes, state }) => {
    if (state.size > 0) throw new ResiduaError("journal", "JSON keeps no tensors; give a codec that does");
    return [new TextEncoder().encode(`${encodeNotes({ identity, notes })}\n`)];
  },
  decode: (bytes) => {
    const { identity, notes } = v.parse(
      v.looseObject({ identity: v.string(), notes: v.unknown() }),
      JSON.parse(new TextDecoder().decode(bytes)),
    );
    return { identity, notes, state: new Map() };
  },
};

/** Opens a journal; without a storage it keeps nothing. */
export function createJournal<Notes>(
  storage: JournalStorage | undefined,
  { identity, notes: schema, codec = jsonCodec, pause = PAUSE_MILLISECONDS }: JournalOptions<Notes>,
): Journal<Notes> {
  let last = performance.now();
  return {
    read: async () => {
      try {
        const bytes = await storage?.read();
        if (bytes === undefined) return undefined;
        const found = codec.decode(bytes);
        const notes = v.safeParse(schema, found.notes);
        return found.identity === identity && notes.success ? { notes: notes.output, state: found.state } : undefined;
      } catch {
        return undefined;
      }
    },
    isDue: () => storage !== undefined && performance.now() - last > pause,
    keep: async ({ notes, state = new Map() }) => {
      await storage?.write(codec.encode({ identity, notes, state }));
      last = performance.now();
    },
    forget: async () => storage?.remove(),
  };
}
