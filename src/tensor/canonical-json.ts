/**
 * JSON with the keys of every object sorted, so that equal data give equal text in whatever order they were built.
 *
 * @param nonFinite stands for NaN and the infinities, which JSON lacks; null if left out
 */
export function canonicalJson(value: unknown, nonFinite: (number: number) => unknown = () => null): string {
  return JSON.stringify(value, (_, entry: unknown) => {
    if (typeof entry === "number" && !Number.isFinite(entry)) return nonFinite(entry);
    return typeof entry === "object" && entry !== null && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : entry;
  });
}
