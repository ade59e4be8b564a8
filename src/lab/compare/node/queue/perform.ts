import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { RunOf } from "../../../../jobs/job.ts";
import { createJournal } from "../../../../jobs/journal.ts";
import { connectDatabase } from "../../../../store/database.ts";
import { EnvironmentError, errorMessage } from "../../../../tensor/errors.ts";
import { safetensorsCodec } from "../../../../weights/safetensors/journal.ts";
import type { CompareEvent } from "../../job.ts";
import { performComparison } from "../../perform.ts";
import { openComparisonHost } from "../perform.ts";
import { whileHeld } from "./attempts.ts";
import { type Fence, readLastCheckpoint, resultFile, writeCheckpoint, writeFenced, writtenResult } from "./files.ts";
import type { takenRunJob } from "./job.ts";

/** How long a finished run waits for a database that is gone; its checkpoint outlives that. */
const PUBLISH_MILLISECONDS = 600_000;
const RETRY_MILLISECONDS = 1_000;

/** The job of {@link takenRunJob}. */
export const performTakenRun: RunOf<typeof takenRunJob> = async (taken, context) => {
  const { job, attempt, folder, checkpointMilliseconds } = taken;
  const database = await connectDatabase(taken.address);
  const fence: Fence = (work) => whileHeld(database, attempt, work);
  const note = (text: string): void => context.report({ kind: "note", text });
  const host = await openComparisonHost(job, (_run, options) =>
    createJournal(
      {
        read: () => readLastCheckpoint(folder),
        write: (pieces) => writeCheckpoint(folder, attempt, pieces, { fence, note }),
        // The worker removes it, once the run's end is recorded.
        remove: async () => undefined,
      },
      { ...options, codec: safetensorsCodec, pause: checkpointMilliseconds },
    ),
  );
  // The run counts as done once its result is there, not before.
  let end: CompareEvent | undefined;
  try {
    const result = await performComparison(job, host, {
      ...context,
      report: (event) => (event.kind === "run" ? (end = event) : context.report(event)),
    });
    const [run] = result.runs;
    if (run !== undefined)
      await untilReached(() => writeFenced(join(folder, resultFile), [writtenResult(run)], fence), note);
    if (end !== undefined) context.report(end);
    return result;
  } finally {
    await database.kysely.destroy();
  }
};

/** Tries again while the database, or the folder, cannot be reached. */
async function untilReached(work: () => Promise<void>, note: (text: string) => void): Promise<void> {
  const last = performance.now() + PUBLISH_MILLISECONDS;
  for (let isNoted = false; ;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof EnvironmentError) || performance.now() > last) throw error;
      if (!isNoted) note(`the result cannot be written: ${errorMessage(error)}; trying again for ten minutes`);
      isNoted = true;
      await wait(RETRY_MILLISECONDS);
    }
  }
}
