import { deserialize, serialize } from "node:v8";
import type { JobContext } from "../../jobs/job.ts";
import { shareOfSource, type SampleSource } from "../../data/sample-source.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { Recipe } from "../recipe.ts";
import { alone, type Collective, CollectiveError } from "../strategies/collective.ts";
import { batchesPerRank, dataParallel } from "../strategies/data-parallel.ts";
import type { TrainerStrategy } from "../strategies/strategy.ts";
import { isAnywhere, shareText } from "../strategies/exchange.ts";
import type { TrainingState } from "../trainer.ts";
import { requireAgreement, requireSameState } from "./agree.ts";
import type { TrainingEvent, TrainingJob } from "./job.ts";
import { refuseOnRanks } from "./rank-refusals.ts";
import type { TrainingSetup } from "./set-up.ts";

/** The processes that train one network together; rank 0 alone reports, evaluates and writes. */
export interface Team {
  readonly collective: Collective;
  readonly isFirst: boolean;
  /** What rank 0 makes, on every rank. Every rank must call it, and waits as long as it takes. */
  readonly fromFirst: <T>(make: () => Promise<T>) => Promise<T>;
  /** What a step makes of the gradients; only its own if left out. */
  readonly strategy?: TrainerStrategy;
  /** Says what the batches of all ranks make together; undefined for one process. */
  readonly describeStep?: (recipe: Recipe) => string;
  /** The part of every batch that this process prepares. */
  readonly share: (source: SampleSource) => SampleSource;
  /** Whether all ranks end with an error at the same place. */
  readonly isShared: (error: unknown) => boolean;
  /** Ends the training unless all ranks hold the same bits. Every rank must call it. @throws as {@link requireSameState} does */
  readonly requireSame: (step: number, state: () => Promise<TrainingState>) => Promise<void>;
  /** Sets up a training that all ranks agree on. @throws as {@link requireAgreement} does */
  readonly agree: <Made extends { readonly setup: TrainingSetup }>(setUp: () => Promise<Made>) => Promise<Made>;
}

/** A process that trains by itself. */
export const noTeam: Team = {
  collective: alone,
  isFirst: true,
  fromFirst: (make) => make(),
  share: (source) => source,
  isShared: () => false,
  requireSame: async () => undefined,
  agree: (setUp) => setUp(),
};

/** The team of a collective's ranks. */
export function createTeam(collective: Collective): Team {
  const { rank, size } = collective;
  const isFirst = rank === 0;
  const shared = new Set<unknown>();
  /** Only ranks that still reach each other find the same. */
  const share = (error: unknown): never => {
    if (!(error instanceof CollectiveError)) shared.add(error);
    throw error;
  };
  return {
    collective,
    isFirst,
    fromFirst: async <T>(make: () => Promise<T>) => {
      const made = isFirst ? await make() : undefined;
      const text = await shareText(collective, serialize(made).toString("base64"));
      return isFirst ? made! : (deserialize(Buffer.from(text, "base64")) as T);
    },
    strategy: dataParallel(collective),
    describeStep: ({ batch, accumulate = 1, syncBatchNorm }) => {
      const each = batchesPerRank(accumulate, size);
      const product = `${size} ranks × ${each === 1 ? "" : `${each} batches × `}${batch} = ${batch * accumulate} images a step`;
      return syncBatchNorm === undefined ? product : `${product}; a batch norm sees ${size * batch} of them at a time`;
    },
    isShared: (error) => shared.has(error),
    requireSame: async (step, state) => {
      await requireSameState(collective, step, await state()).catch(share);
    },
    share: (source) => shareOfSource(source, { index: rank, of: size }),
    agree: async (setUp) => {
      const attempt = await setUp()
        .then((made) => {
          batchesPerRank(made.setup.notes.recipe.accumulate ?? 1, size);
          return made;
        })
        .then(
          (made) => ({ made, ...made }),
          (error: unknown) => ({ error: explainBatch(error, size) }),
        );
      await requireAgreement(collective, attempt).catch(share);
      if ("error" in attempt) throw attempt.error;
      return attempt.made;
    },
  };
}

/** The context of a rank's job: all ranks stop at the same step, and rank 0 alone reports. */
export function joinContext(
  { report, shouldStop }: JobContext<TrainingEvent>,
  { collective, isFirst }: Team,
): JobContext<TrainingEvent> {
  return {
    report: isFirst ? report : () => undefined,
    shouldStop: async () => isAnywhere(collective, await shouldStop()),
  };
}

/**
 * The job of all ranks together: the recipe's batches are those of one rank, and a step takes them from all.
 *
 * @throws {OptionError} for what cannot be done on several ranks
 */
export function jobOfTeam(job: TrainingJob, { collective: { size } }: Team): TrainingJob {
  refuseOnRanks(job);
  const { start } = job;
  if ("resume" in start) return job;
  const { recipe } = start;
  return { ...job, start: { ...start, recipe: { ...recipe, accumulate: size * (recipe.accumulate ?? 1) } } };
}

/** Says why a batch that does not fit the data is larger than the one that was asked for. */
function explainBatch(error: unknown, size: number): unknown {
  if (!(error instanceof OptionError) || error.where !== "batch") return error;
  return new OptionError("batch", `${error.detail}: the batches of ${size} ranks together`, { cause: error });
}
