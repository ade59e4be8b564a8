import { encodeNotes, type JournalCodec } from "../../jobs/journal.ts";
import { decodeSafetensors, encodeSafetensorsChunks } from "./safetensors.ts";

/** Journals with tensors: a safetensors file whose metadata hold the identity and the notes. */
export const safetensorsCodec: JournalCodec = {
  encode: ({ identity, notes, state }) => encodeSafetensorsChunks(state, { identity, notes: encodeNotes(notes) }),
  decode: (bytes) => {
    const { tensors, metadata } = decodeSafetensors(bytes, "journal");
    const { identity = "", notes = "" } = metadata;
    return { identity, notes: JSON.parse(notes), state: tensors };
  },
};
