import { defaultThreads, machineCores } from "../runtime/node/default-threads.ts";
import { OptionError } from "../tensor/errors.ts";
import type { RankPlace } from "../train/node/job.ts";

/** A launcher of MPI: the variables by which it tells a process its place, and the file names of its library. */
interface Launcher {
  readonly rank: string;
  readonly size: string;
  /** How many of the processes are on this machine. */
  readonly local: string;
  readonly libraries: readonly string[];
}

const launchers: readonly Launcher[] = [
  {
    rank: "OMPI_COMM_WORLD_RANK",
    size: "OMPI_COMM_WORLD_SIZE",
    local: "OMPI_COMM_WORLD_LOCAL_SIZE",
    libraries: ["libmpi.so.40", "libmpi.so", "libmpi.40.dylib", "libmpi.dylib"],
  },
  {
    rank: "PMI_RANK",
    size: "PMI_SIZE",
    local: "MPI_LOCALNRANKS",
    libraries: ["libmpich.so.12", "libmpi.so.12", "libmpich.so", "libmpi.so", "libmpi.12.dylib"],
  },
];

/** In seconds: a checkpoint of rank 0 to a slow disk takes less. */
const STANDARD_PATIENCE = 300;

type Environment = Readonly<Record<string, string | undefined>>;

/** This process among those that an MPI launcher started, and how many of them are on this machine. */
export interface LaunchedRank extends Pick<RankPlace, "rank" | "size" | "libraries"> {
  readonly local: number;
}

/** Where an MPI launcher placed this process; undefined if there is none, or it started no other. */
export function findRank(environment: Environment): LaunchedRank | undefined {
  const numberOf = (name: string): number => Number(environment[name] ?? Number.NaN);
  const launcher = launchers.find(({ rank, size }) => numberOf(rank) >= 0 && numberOf(size) > 1);
  if (launcher === undefined) return undefined;
  const own = environment["RESIDUA_MPI"];
  return {
    rank: numberOf(launcher.rank),
    size: numberOf(launcher.size),
    libraries: own === undefined || own === "" ? launcher.libraries : [own],
    local: numberOf(launcher.local) >= 1 ? numberOf(launcher.local) : 1,
  };
}

/** @throws {OptionError} for an option that only several ranks can follow, if there are none */
export function requireRanks(
  rank: LaunchedRank | undefined,
  { rankTimeout, syncBatchNorm }: { readonly rankTimeout?: number; readonly syncBatchNorm?: true },
): void {
  if (rank !== undefined) return;
  const given = rankTimeout !== undefined ? "--rank-timeout" : syncBatchNorm === true ? "--sync-batch-norm" : undefined;
  if (given !== undefined)
    throw new OptionError(given, "needs several ranks: start residua by mpirun -n 2 or more, or leave it out");
}

/** The place of a training in its job; undefined if it is a process's own. */
export function rankPlace(rank: LaunchedRank | undefined, timeout: number | undefined): RankPlace | undefined {
  if (rank === undefined) return undefined;
  const { local: _, ...place } = rank;
  return { ...place, patience: timeout ?? STANDARD_PATIENCE };
}

/** Threads for one of several ranks on a machine: its share of the cores, unless the launcher bound it to fewer. */
export function threadsOf(
  { local }: LaunchedRank,
  cores: number = machineCores(),
  allowed: number = defaultThreads(),
): number {
  return Math.max(1, Math.min(allowed, Math.floor(cores / local)));
}
