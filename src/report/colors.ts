import { lab, rgb } from "d3-color";
import { interpolateRdBu, interpolateViridis } from "d3-scale-chromatic";

/** Red, green and blue, 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

/** Distinguishable for colour-blind readers, on light and dark pages (after Okabe and Ito). */
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

/** How values become colours: viridis is even in lightness, ColorBrewer's RdBu goes from blue through white to red. */
export type ColorRamp = "sequential" | "diverging";

const ramps: { readonly [R in ColorRamp]: (share: number) => string } = {
  sequential: interpolateViridis,
  // Red would be below.
  diverging: (share) => interpolateRdBu(1 - share),
};

/** The colour of a share from 0 to 1, to paint with. */
export function rampColor(share: number, ramp: ColorRamp = "sequential"): Color {
  const { r, g, b } = rgb(rampHex(share, ramp));
  return [r, g, b];
}

/** The colour of a share from 0 to 1, as #rrggbb. */
export function rampHex(share: number, ramp: ColorRamp = "sequential"): string {
  return rgb(ramps[ramp](Math.min(1, Math.max(0, share)))).formatHex();
}

/** Below this lightness (CIELAB), white letters are easier to read than #1c1e21: both have a contrast of 4.1 here. */
const DARK = 53;

/** Whether letters on the colour of a share should be white. */
export function isDarkOnRamp(share: number, ramp: ColorRamp): boolean {
  return lab(rampHex(share, ramp)).l < DARK;
}
