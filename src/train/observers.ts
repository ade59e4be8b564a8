import { errorMessage } from "../tensor/errors.ts";

/**
 * Watches a job, such as a training: hears of everything in its order and can neither stop, slow nor harm it. What it
 * does takes place beside the job; an observer that fails is told of once and left out from then on.
 *
 * @typeParam Event what the job says while it runs
 * @typeParam Result what it comes to
 */
export interface JobObserver<Event, Result> {
  /** What it is called when something is wrong with it, such as "run store". */
  readonly name: string;
  /** Must return soon: what takes time is begun here and awaited in `finish`. */
  observe(event: Event): void;
  /** After the last event: with the job's result, or with why there is none. To be ended within bounded time. */
  finish(outcome: JobOutcome<Result>): Promise<void>;
}

/** How a job ended. */
export type JobOutcome<Result> = { readonly result: Result } | { readonly error: unknown };

/**
 * Several observers as one, which never fails.
 *
 * @param report is told why an observer is left out
 */
export function combineObservers<Event, Result>(
  observers: readonly JobObserver<Event, Result>[],
  report: (message: string) => void,
): JobObserver<Event, Result> {
  const failed = new Set<JobObserver<Event, Result>>();
  const giveUp = (observer: JobObserver<Event, Result>, error: unknown): void => {
    if (failed.has(observer)) return;
    failed.add(observer);
    report(`${observer.name}: ${errorMessage(error)}; going on without it`);
  };
  return {
    name: "observers",
    observe: (event) => {
      for (const observer of observers) {
        if (failed.has(observer)) continue;
        try {
          observer.observe(event);
        } catch (error) {
          giveUp(observer, error);
        }
      }
    },
    finish: async (outcome) => {
      const finish = async (observer: JobObserver<Event, Result>): Promise<void> => {
        try {
          await observer.finish(outcome);
        } catch (error) {
          giveUp(observer, error);
        }
      };
      await Promise.all(observers.map(finish));
    },
  };
}

/** The job's own end, once its observers have heard of it. */
export async function finishObserved<Event, Observed, Result extends Observed>(
  job: Promise<Result>,
  observer: JobObserver<Event, Observed>,
): Promise<Result> {
  try {
    const result = await job;
    await observer.finish({ result });
    return result;
  } catch (error) {
    await observer.finish({ error });
    throw error;
  }
}
