/** Says whether a client has gone before it had its answer. An AbortSignal would do, and costs much more per request. */
export interface Departure {
  readonly hasGone: () => boolean;
  /** Calls back when it goes, if it does; the next call to this takes the place of the one before. */
  readonly onceGone: (call: (() => void) | undefined) => void;
}

/** A client that is there until it is told to go. */
export function createDeparture(): { readonly departure: Departure; readonly go: () => void } {
  let isGone = false;
  let call: (() => void) | undefined;
  return {
    departure: { hasGone: () => isGone, onceGone: (next) => void (call = next) },
    go: () => {
      if (isGone) return;
      isGone = true;
      call?.();
    },
  };
}
