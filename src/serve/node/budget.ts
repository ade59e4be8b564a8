import { RequestError } from "../protocol/request-error.ts";

/** Bytes that requests hold, counted together. */
export interface ByteBudget {
  /** Takes bytes. @throws {RequestError} 503 if they are not there */
  readonly take: (bytes: number) => void;
  readonly give: (bytes: number) => void;
  readonly used: () => number;
}

/** What one request holds of a budget. */
export interface BudgetShare {
  /** Grows to so many bytes in all; never shrinks. @throws {RequestError} 503 if they are not there */
  readonly growTo: (bytes: number) => void;
  /** Gives all of it back, for good: what still arrives of a request that has ended takes nothing. */
  readonly release: () => void;
}

/** A budget of so many bytes. */
export function createBudget(most: number): ByteBudget {
  let used = 0;
  return {
    take: (bytes) => {
      if (used + bytes > most)
        throw new RequestError(503, "server", `holds ${used} of the ${most} bytes that it may; try again after 1 s`, {
          retryAfter: 1,
        });
      used += bytes;
    },
    give: (bytes) => void (used -= bytes),
    used: () => used,
  };
}

/** A request's own share of a budget. */
export function createShare(budget: ByteBudget): BudgetShare {
  let held = 0;
  let isReleased = false;
  return {
    growTo: (bytes) => {
      if (isReleased) throw new RequestError(499, "server", "the client has gone");
      if (bytes <= held) return;
      budget.take(bytes - held);
      held = bytes;
    },
    release: () => {
      isReleased = true;
      budget.give(held);
      held = 0;
    },
  };
}
