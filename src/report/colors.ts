/** Red, green and blue, 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

/** Apart from each other for colour-blind readers, on light and dark pages alike (after Okabe and Ito). */
export const palette: readonly string[] = [
  "#2b8fd6",
  "#d9672b",
  "#12a577",
  "#d0709f",
  "#d99000",
  "#8f6fd6",
  "#5fb3e4",
  "#8c6d1f",
  "#8b929a",
];

/** Viridis at ninths (van der Walt and Smith 2015), even in lightness. */
const sequential: readonly Color[] = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
];

/** ColorBrewer's RdBu, reversed: blue below, red above. */
const diverging: readonly Color[] = [
  [33, 102, 172],
  [103, 169, 207],
  [209, 229, 240],
  [247, 247, 247],
  [253, 219, 199],
  [239, 138, 98],
  [178, 24, 43],
];

const stops = { sequential, diverging } as const;

/** The colour of a share from 0 to 1. */
export function rampColor(share: number, ramp: "sequential" | "diverging" = "sequential"): Color {
  const colors = stops[ramp];
  const place = Math.min(1, Math.max(0, share)) * (colors.length - 1);
  const below = Math.min(colors.length - 2, Math.floor(place));
  const part = place - below;
  const mix = (channel: 0 | 1 | 2): number =>
    Math.round(colors[below][channel] * (1 - part) + colors[below + 1][channel] * part);
  return [mix(0), mix(1), mix(2)];
}

/** #rrggbb */
export function hexColor([red, green, blue]: Color): string {
  return `#${[red, green, blue].map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}
