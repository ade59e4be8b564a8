import { OptionError } from "../tensor/errors.ts";
import { imagenetNormalization } from "../weights/layouts/layout.ts";
import type { ChannelStatistics } from "./card.ts";

/** How pixels from 0 to 1 are converted for a network: by ImageNet's statistics, unchanged, or to 0 to 255. */
export const pixelScales = ["imagenet", "unit", "bytes"] as const;
export type PixelScale = (typeof pixelScales)[number];

const words: Readonly<Record<PixelScale, string>> = {
  bytes: "pixels are given from 0 to 255",
  imagenet: "pixels are normalised by ImageNet's mean and deviation",
  unit: "pixels are given from 0 to 1",
};

/** What the user should know where a file does not say it and nobody else did. */
export function describeGuess(scale: PixelScale, where: string): string {
  return `${where}: does not say how images were normalised; ${words[scale]}; \`pixels\` changes that`;
}

/** Scales pixels from 0 to 1 back to 0 to 255: x ← (x − 0) / (1 / 255). */
export function bytesNormalization(channels: number): ChannelStatistics {
  const all = (value: number): readonly number[] => Array.from({ length: channels }, () => value);
  return { mean: all(0), deviation: all(1 / 255) };
}

/** @throws {OptionError} if it is ImageNet's, and there are not three channels */
export function normalizationOf(scale: PixelScale, channels: number, where: string): ChannelStatistics {
  if (scale === "imagenet" && channels !== 3)
    throw new OptionError("pixels", `is imagenet, which has three channels; ${where} takes ${channels}`);
  if (scale === "imagenet") return imagenetNormalization;
  if (scale === "bytes") return bytesNormalization(channels);
  const all = (value: number): readonly number[] => Array.from({ length: channels }, () => value);
  return { mean: all(0), deviation: all(1) };
}
