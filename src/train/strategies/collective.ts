import { ResiduaError, TrainingError } from "../../tensor/errors.ts";

/** Thrown when ranks no longer reach each other: whatever they were to sum is lost, and so is the training. */
export class CollectiveError extends TrainingError {
  override readonly name: string = "CollectiveError";
}

/** One of several processes that train a network together, as in MPI and `torch.distributed`. */
export interface Collective {
  /** The rank of this process: 0 to `size` − 1. */
  readonly rank: number;
  readonly size: number;
  /**
   * Replaces every element by its sum over all ranks: every rank must call it, in the same order and with the same
   * number of elements. Sums in a fixed order and leaves the same bits on every rank.
   *
   * @param options.isPatient whether another rank may take as long as it likes until it calls, as in a validation.
   *   Default false.
   * @throws {CollectiveError} if another rank is gone or silent for too long
   */
  allReduce(values: Float32Array, options?: { readonly isPatient?: boolean }): Promise<void>;
}

/** The collective of a single process. */
export const alone: Collective = { rank: 0, size: 1, allReduce: async () => undefined };

/** Ranks within one process that share its memory, for tests and concurrent trainers; sums run in rank order. */
export function createMemoryCollectives(size: number): readonly Collective[] {
  let waiting: { readonly rank: number; readonly values: Float32Array; readonly resolve: (error?: Error) => void }[] =
    [];
  const meet = (): void => {
    const ranks = waiting.toSorted((a, b) => a.rank - b.rank);
    waiting = [];
    const [{ values: sum }, ...others] = ranks;
    const isEqual = others.every(({ values }) => values.length === sum.length);
    const lengths = ranks.map(({ values }) => values.length).join(", ");
    const error = isEqual ? undefined : new ResiduaError("collective", `ranks gave ${lengths} elements to be added`);
    if (isEqual) {
      for (const { values } of others) for (const [index, value] of values.entries()) sum[index] += value;
      for (const { values } of others) values.set(sum);
    }
    for (const { resolve } of ranks) resolve(error);
  };
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    allReduce: (values) =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ rank, values, resolve: (error) => (error === undefined ? resolve() : reject(error)) });
        if (waiting.length === size) meet();
      }),
  }));
}
