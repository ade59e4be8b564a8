import type { JobContext } from "../../jobs/job.ts";
import type { JoinedRanks } from "./mpi/join.ts";
import type { RankPlace, TrainingEvent, TrainingJob, TrainingResult } from "./job.ts";
import { performTraining } from "./perform-training.ts";
import type { FindTrainingTask } from "./set-up.ts";
import { createTeam, joinContext, jobOfTeam } from "./team.ts";

/** Joins the ranks of an MPI launcher; only who needs it loads what that takes. */
const joinByMpi = async (place: RankPlace): Promise<JoinedRanks> => (await import("./mpi/join.ts")).joinMpi(place);

/**
 * Trains together with the other ranks of the job, each of which runs this.
 *
 * @param join how the ranks find each other; by MPI if left out
 * @throws {CollectiveError} if another rank is gone or silent for too long; rank 0 has then written a checkpoint
 */
export async function performOnRanks(
  job: TrainingJob & { readonly ranks: RankPlace },
  context: JobContext<TrainingEvent>,
  findTask: FindTrainingTask,
  join: (place: RankPlace) => Promise<JoinedRanks> = joinByMpi,
): Promise<TrainingResult> {
  const { collective, leave, abandon } = await join(job.ranks);
  const team = createTeam(collective);
  try {
    const result = await performTraining(jobOfTeam(job, team), joinContext(context, team), findTask, team);
    leave();
    return result;
  } catch (error) {
    if (team.isShared(error)) leave();
    else abandon();
    throw error;
  }
}
