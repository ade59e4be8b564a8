/** How fast requests may come. */
export interface Rate {
  readonly perSecond: number;
  /** Requests that may come at once. */
  readonly burst: number;
}

/** Token buckets by name: each holds `burst` tokens at most and gains `perSecond` of them in a second. */
export interface RateLimiter {
  /** Takes a token. @returns seconds until there is one; 0 if it was taken */
  readonly take: (name: string, rate: Rate) => number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/**
 * Limits rates by name. The buckets that were used longest ago are forgotten, so that a flood of names cannot fill memory; a
 * forgotten one is full again.
 *
 * @param now milliseconds on a clock that never goes back
 * @param most buckets that are kept
 */
export function createRateLimiter(now: () => number, most = 100_000): RateLimiter {
  const buckets = new Map<string, Bucket>();
  return {
    take: (name, { perSecond, burst }) => {
      const at = now();
      const known = buckets.get(name);
      const tokens = known === undefined ? burst : Math.min(burst, known.tokens + ((at - known.at) / 1000) * perSecond);
      const isTaken = tokens >= 1;
      buckets.delete(name);
      buckets.set(name, { tokens: isTaken ? tokens - 1 : tokens, at });
      if (buckets.size > most) {
        const [oldest] = buckets.keys();
        buckets.delete(oldest);
      }
      return isTaken ? 0 : (1 - tokens) / perSecond;
    },
  };
}
