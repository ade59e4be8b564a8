/** Wrappers of wrappers: `model.backbone.encoder.conv1.weight`. */
const deepest = 5;
/** Prefixes that are tried: a file may hold any number. */
const mostTried = 64;

/** Parts of names that copies of a network have: moving averages, and the slower one of two encoders. */
const copies = /(^|[._])(ema|averaged?|momentum|target|teacher|key|swa)([._]|$)|encoder_k\.|_(ema|k|m)\.$/i;

/** Whether a prefix is that of a copy, such as a moving average. */
const isCopy = (prefix: string): boolean => copies.test(prefix);

/** What may stand before the names of a network: nothing, or the first parts of several names, the most frequent first. */
export function candidatePrefixes(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const name of names) {
    let at = name.indexOf(".");
    for (let depth = 0; depth < deepest && at >= 0; depth++, at = name.indexOf(".", at + 1)) {
      const prefix = name.slice(0, at + 1);
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
  }
  const frequent = [...counts].filter(([, count]) => count > 1).toSorted(([, a], [, b]) => b - a);
  return ["", ...frequent.slice(0, mostTried).map(([prefix]) => prefix)];
}

/** One of several prefixes under which the same network is found. */
export interface PrefixChoice {
  readonly prefix: string;
  /** The others, under which it is as well. */
  readonly others: readonly string[];
}

/**
 * Chooses among prefixes that cover the network equally well: the only one that is no copy.
 *
 * @returns undefined if several are none, or all are: only the user knows
 */
export function choosePrefix(prefixes: readonly string[]): PrefixChoice | undefined {
  const [first, ...rest] = prefixes;
  if (first !== undefined && rest.length === 0) return { prefix: first, others: [] };
  const originals = prefixes.filter((prefix) => !isCopy(prefix));
  if (originals.length !== 1) return undefined;
  return { prefix: originals[0], others: prefixes.filter((prefix) => prefix !== originals[0]) };
}
