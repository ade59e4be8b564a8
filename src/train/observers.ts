import { errorMessage } from "../tensor/errors.ts";

/**
 * Watches a job, such as training: it receives every event in order and cannot stop, slow or disturb the job. Its work
 * runs concurrently; an observer that fails is reported once and then dropped.
 *
 * @typeParam Event an event of the running job
 * @typeParam Result its result
 */
export interface JobObserver<Event, Result> {
  /** Its name in errors, such as "run store". */
  readonly name: string;
  /** Must return quickly: long work is started here and awaited in `finish`. */
  observe(event: Event): void;
  /**
   * Called after the last event with the job's result, or the reason why there is none. Must end within bounded time.
   */
  finish(outcome: JobOutcome<Result>): Promise<void>;
}

/** How a job ended; `isAsked` if it has no result since it was ended on request. */
export type JobOutcome<Result> = { readonly result: Result } | { readonly error: unknown; readonly isAsked?: boolean };

/**
 * Combines several observers into one that never fails.
 *
 * @param report is told why an observer was dropped
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

/**
 * The job's own outcome, once its observers have been notified.
 *
 * @param options.isAsked whether somebody has asked for its end at once
 */
export async function finishObserved<Event, Observed, Result extends Observed>(
  job: Promise<Result>,
  observer: JobObserver<Event, Observed>,
  { isAsked }: { readonly isAsked: () => boolean },
): Promise<Result> {
  try {
    const result = await job;
    await observer.finish({ result });
    return result;
  } catch (error) {
    await observer.finish({ error, isAsked: isAsked() });
    throw error;
  }
}
