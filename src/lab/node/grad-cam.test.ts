import sharp from "sharp";
import { expect, test } from "vitest";
import { createModel } from "../../nn/models.ts";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { readGoldenJson, relativeError } from "../../../test/support/golden.ts";
import { noiseState, noiseTensor } from "../../../test/support/noise.ts";
import { computeGradCam } from "../network/grad-cam.ts";
import { drawPicture } from "./pictures.ts";

interface Case {
  readonly shortcut: ShortcutType;
  readonly maps: readonly (readonly number[])[];
  readonly places: readonly [number, number];
  readonly picture: readonly (readonly [y: number, x: number, ...color: number[]])[];
}

/** Made by PyTorch's autograd in float64: test/golden/grad-cam.py. */
const golden = readGoldenJson<{
  readonly depth: number;
  readonly size: number;
  readonly classes: number;
  readonly seed: number;
  readonly inputSeed: number;
  readonly wanted: readonly number[];
  readonly pictureSize: number;
  readonly cases: readonly Case[];
}>("grad-cam.json");

test.each(golden.cases)("$shortcut: where the network looks is what PyTorch's gradients say", async (expected) => {
  const { depth, classes, seed, inputSeed, wanted, size } = golden;
  const { module } = createModel(`resnet${depth}`, { shortcut: expected.shortcut, classes });
  const options = { runtime: createNodeRuntime(), module, classes, session: { threads: 1 } };
  const images = noiseTensor(inputSeed, [wanted.length, 3, size, size]);
  const maps = await computeGradCam({ ...options, state: noiseState(module, seed) }, images, wanted);
  expect(maps.map(({ height, width }) => [height, width])).toEqual(wanted.map(() => expected.places));
  for (const [index, { values }] of maps.entries())
    // float32 against float64.
    expect(relativeError(values, expected.maps[index]), `image ${index}`).toBeLessThan(1e-4);
});

test.each(golden.cases)(
  "$shortcut: the picture is the map as PyTorch enlarges it",
  async ({ maps, places, picture }) => {
    const [height, width] = places;
    const black = { channels: 1, height: 8, width: 8, pixels: new Float32Array(64) };
    const png = drawPicture(black, { height, width, values: Float32Array.from(maps[0]) });
    const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([golden.pictureSize, golden.pictureSize]);
    for (const [y, x, ...color] of picture) {
      const found = [...data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3)];
      // A colour is rounded twice on the way into a byte.
      for (const [channel, value] of color.entries())
        expect(Math.abs(found[channel] - value), `${y} ${x}`).toBeLessThan(1.5);
    }
  },
);
