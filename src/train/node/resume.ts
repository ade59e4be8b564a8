import { OptionError } from "../../tensor/errors.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { describeEngine } from "../describe-engine.ts";
import type { ContinuedTraining } from "./job.ts";
import { restoreNetwork } from "../../networks/card.ts";
import { canonicalJson } from "../../tensor/canonical-json.ts";
import type { ResumedTraining, SetupContext } from "./set-up.ts";

/**
 * The training to resume, and notes what has changed since its checkpoint.
 * @throws {OptionError} if fewer epochs are requested than it started with
 * @throws {FormatError} if the checkpoint is damaged
 */
export function continueTraining(
  { resume: path, epochs }: ContinuedTraining,
  checkpoint: Checkpoint,
  { engine, note }: SetupContext,
): ResumedTraining {
  const { notes, state } = checkpoint;
  restoreNetwork(notes.network, state, path);
  if (canonicalJson(notes.engine) !== canonicalJson(engine)) {
    const [before, now] = [notes.engine, engine].map(describeEngine);
    note(`${path} was made with ${before}, this is ${now}: the last bits may differ`);
  }
  return { path, checkpoint: epochs === undefined ? checkpoint : extend(checkpoint, epochs, note) };
}

/**
 * The same training run with more epochs: its state stays, and the schedule for the new length applies from here on.
 */
function extend(checkpoint: Checkpoint, epochs: number, note: (text: string) => void): Checkpoint {
  const { notes } = checkpoint;
  const { recipe, place } = notes;
  if (epochs < recipe.epochs)
    throw new OptionError(
      "epochs",
      `can be raised, not lowered: this training began with ${recipe.epochs}, got ${epochs}`,
    );
  if (epochs === recipe.epochs) return checkpoint;
  const schedule =
    recipe.schedule === "constant" ? "" : `; the ${recipe.schedule} schedule is that of ${epochs} epochs from here on`;
  note(`${place.epochs.length} of ${epochs} epochs are done, ${recipe.epochs} were planned${schedule}`);
  return { ...checkpoint, notes: { ...notes, recipe: { ...recipe, epochs } } };
}
