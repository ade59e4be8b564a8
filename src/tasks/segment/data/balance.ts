import type { SegmentationItem } from "./set.ts";

/** Images of a kind that is rare are seen more often, by the root of how rare it is, and larger ones by their size. */
const MOST_OFTEN = 16;

/** Places of a set's images for one epoch, some of them several times. */
export function balanceImages(
  items: readonly SegmentationItem[],
  [height, width]: readonly [number, number],
): Uint32Array {
  const counts = new Map<string, number>();
  for (const { kind } of items) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const largest = Math.max(...counts.values());
  const places = items.flatMap((item, index) => {
    const rarity = Math.sqrt(largest / counts.get(item.kind)!);
    const size = Math.max(1, (item.height * item.width) / (height * width));
    return Array.from({ length: Math.max(1, Math.min(MOST_OFTEN, Math.round(rarity * size))) }, () => index);
  });
  return Uint32Array.from(places);
}
