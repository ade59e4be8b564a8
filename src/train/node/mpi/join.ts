import { setTimeout, clearTimeout } from "node:timers";
import { EnvironmentError } from "../../../tensor/errors.ts";
import { type Collective, CollectiveError } from "../../strategies/collective.ts";
import type { RankPlace } from "../job.ts";
import { loadMpi, type MpiLibrary } from "./library.ts";

/** This process among the ranks of an MPI launcher. */
export interface JoinedRanks {
  readonly collective: Collective;
  /** Takes leave in good order; every rank must call it. */
  readonly leave: () => void;
  /** Ends the processes of all ranks once this one has told its parent why. */
  readonly abandon: () => void;
}

/** For the parent to say what went wrong and to end by itself, in milliseconds. */
const GRACE = 4_000;

/** 8 MB: Open MPI took six times as long for 45 MB at once between two machines as for such pieces. */
const PIECE = 2 ** 21;

/**
 * Joins the ranks that an MPI launcher such as `mpirun` started.
 *
 * @throws {EnvironmentError} if there is no MPI library, or it belongs to another launcher
 */
export async function joinMpi({ rank, size, libraries, patience }: RankPlace): Promise<JoinedRanks> {
  const mpi = await loadMpi(libraries);
  if (mpi.size !== size || mpi.rank !== rank)
    throw new EnvironmentError(
      "MPI",
      `the launcher started ${size} processes, but ${mpi.version} sees ${mpi.size}: it belongs to another launcher; use the launcher's own library`,
    );
  return { collective: createCollective(mpi, patience), leave: mpi.finalize, abandon: () => abandon(mpi) };
}

function createCollective(mpi: MpiLibrary, patience: number): Collective {
  return {
    rank: mpi.rank,
    size: mpi.size,
    allReduce: async (values, { isPatient = false } = {}) => {
      for (let start = 0; start < values.length; start += PIECE) {
        const sum = mpi.sum(values.subarray(start, start + PIECE));
        await (isPatient ? sum : within(patience, sum));
      }
    },
  };
}

/** MPI itself never tells that a machine has fallen silent. */
async function within(seconds: number, sum: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    const give = (): void =>
      reject(
        new CollectiveError(
          "ranks",
          `no answer for ${seconds} s: another rank is gone or stuck; resume when all are back`,
        ),
      );
    timer = setTimeout(give, 1000 * seconds);
  });
  try {
    await Promise.race([sum, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** A thread may wait in MPI for a rank that is gone: this process cannot end by itself, and the others wait for it. */
function abandon(mpi: MpiLibrary): void {
  process.once("disconnect", () => setTimeout(() => mpi.abort(1), GRACE));
}
