import { expect, test } from "vitest";
import { isDarkOnRamp, rampColor, rampHex } from "./colors.ts";

test("the sequential ramp is viridis, as matplotlib has it", () => {
  // matplotlib.colormaps["viridis"](x, bytes=True) for x of 0, 0.5 and 1; 0.5 lies between its 127th and 128th colour.
  expect([0, 1].map((share) => rampColor(share))).toEqual([
    [68, 1, 84],
    [253, 231, 37],
  ]);
  expect(["#20918c", "#21918c"]).toContain(rampHex(0.5));
});

test("the diverging ramp is ColorBrewer's RdBu with blue below: its ends, and hardly any colour between", () => {
  expect([rampHex(0, "diverging"), rampHex(1, "diverging")]).toEqual(["#053061", "#67001f"]);
  const [red, green, blue] = rampColor(0.5, "diverging");
  expect(Math.max(red, green, blue) - Math.min(red, green, blue)).toBeLessThan(6);
});

test("shares outside 0 to 1 take the ends' colours", () => {
  expect([-1, 2].map((share) => rampHex(share))).toEqual([rampHex(0), rampHex(1)]);
});

test("letters are white on the dark parts of both ramps alone", () => {
  const shares = [0, 0.05, 0.5, 0.95, 1];
  expect(shares.map((share) => isDarkOnRamp(share, "sequential"))).toEqual([true, true, false, false, false]);
  expect(shares.map((share) => isDarkOnRamp(share, "diverging"))).toEqual([true, true, false, true, true]);
});
