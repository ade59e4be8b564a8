import type { ChannelStatistics } from "./card.ts";

/** Brings pixels from 0 to 1 back to 0 to 255: x ← (x − 0) / (1 / 255). */
export function bytesNormalization(channels: number): ChannelStatistics {
  const all = (value: number): readonly number[] => Array.from({ length: channels }, () => value);
  return { mean: all(0), deviation: all(1 / 255) };
}
