import { joinMpi, type JoinedRanks } from "../../train/node/mpi/join.ts";

/** In seconds; a benchmark waits for whatever is slow. */
const PATIENCE = 600;

/** Joins the ranks that Open MPI's launcher started, even a single one; undefined if it did not start this process. */
export async function joinLaunched(environment: NodeJS.ProcessEnv): Promise<JoinedRanks | undefined> {
  const [rank, size] = ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"].map((name) => environment[name]);
  if (rank === undefined || size === undefined) return undefined;
  const libraries = ["libmpi.so.40", "libmpi.so"];
  return joinMpi({ rank: Number(rank), size: Number(size), libraries, patience: PATIENCE });
}
