import { restoreNetwork } from "../../networks/card.ts";
import { canonicalJson } from "../../tensor/canonical-json.ts";
import { readCheckpoint } from "./files.ts";
import type { ResumedTraining, SetupContext } from "./set-up.ts";

/**
 * Reads the checkpoint that a training goes on from, and notes what is unlike before.
 * @throws {FormatError} if it is damaged
 */
export async function readResumed(path: string, { engine, note }: SetupContext): Promise<ResumedTraining> {
  const checkpoint = await readCheckpoint(path);
  const { notes, state } = checkpoint;
  restoreNetwork(notes.network, state, path);
  if (canonicalJson(notes.engine) !== canonicalJson(engine)) {
    const [before, now] = [notes.engine, engine].map(({ lowering, runtime }) => `${lowering} on ${runtime}`);
    note(`${path} was made with ${before}, this is ${now}: the last bits may differ`);
  }
  return { path, checkpoint };
}
