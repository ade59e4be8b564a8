import fc from "fast-check";
import { expect, test } from "vitest";
import { exampleSet } from "../../test/support/image-sets.ts";
import { type Augmentation, drawView, noAugmentation, normalizationTables, writeSample } from "./augmentation.ts";
import { type ImageSet, imageSize } from "./image-set.ts";

/** Pixels as they are, so that an output can be looked up in the image. */
const asTheyAre = { mean: [0, 0, 0], deviation: [1 / 255, 1 / 255, 1 / 255] };

function sample(set: ImageSet, augmentation: Augmentation, key: { seed: number; epoch: number; index: number }) {
  const out = new Float32Array(imageSize(set));
  writeSample(set, normalizationTables(asTheyAre), augmentation, key, out, 0);
  return Array.from(out, (value) => Math.round(value));
}

/**
 * The image as torchvision makes it, in separate passes: black all around, a crop of the old size whose corner is at
 * (top, left) of the padded image, then the mirror.
 */
function padCropFlip(set: ImageSet, index: number, view: { pad: number; top: number; left: number; flip: boolean }) {
  const { channels, height, width } = set;
  return Array.from({ length: channels }, (_, channel) => {
    const plane = set.images.subarray((index * channels + channel) * height * width);
    const row = (y: number) => Array.from({ length: width }, (_unused, x) => plane[y * width + x]);
    const side = Array.from({ length: view.pad }, () => 0);
    const black = Array.from({ length: view.pad }, () => Array.from({ length: width + 2 * view.pad }, () => 0));
    const rows = Array.from({ length: height }, (_unused, y) => [...side, ...row(y), ...side]);
    const cropped = [...black, ...rows, ...black]
      .slice(view.top, view.top + height)
      .map((line) => line.slice(view.left, view.left + width));
    return view.flip ? cropped.map((line) => line.toReversed()) : cropped;
  }).flat(2);
}

/** All images that padding, cropping and perhaps mirroring can make of one. */
function everyView(set: ImageSet, index: number, { cropPadding: pad, flip }: Augmentation) {
  const corners = Array.from({ length: 2 * pad + 1 }, (_, at) => at);
  const flips = flip ? [false, true] : [false];
  return corners.flatMap((top) =>
    corners.flatMap((left) => flips.map((mirror) => padCropFlip(set, index, { pad, top, left, flip: mirror }))),
  );
}

const sizes = fc.record({
  channels: fc.constantFrom(1, 3),
  height: fc.integer({ min: 1, max: 5 }),
  width: fc.integer({ min: 1, max: 5 }),
});
const augmentations = fc.record({ cropPadding: fc.integer({ min: 0, max: 3 }), flip: fc.boolean() });
const key = fc.record({
  seed: fc.nat({ max: 2 ** 31 - 1 }),
  epoch: fc.nat({ max: 1000 }),
  index: fc.integer({ min: 0, max: 2 }),
});

test("a sample is one of the images that pad, crop and mirror make, pixel by pixel", () => {
  fc.assert(
    fc.property(sizes, augmentations, key, (size, augmentation, which) => {
      const set = exampleSet(3, size);
      expect(everyView(set, which.index, augmentation)).toContainEqual(sample(set, augmentation, which));
    }),
  );
});

test("every corner and both directions are drawn, and about as often", () => {
  const set = exampleSet(1, { channels: 1, height: 4, width: 5 });
  const augmentation = { cropPadding: 1, flip: true };
  const views = everyView(set, 0, augmentation).map(String);
  const counts = new Map(views.map((view) => [view, 0]));
  const draws = 3600;
  for (let epoch = 0; epoch < draws; epoch++) {
    const drawn = String(sample(set, augmentation, { seed: 3, epoch, index: 0 }));
    counts.set(drawn, counts.get(drawn)! + 1);
  }
  expect(counts.size).toBe(18);
  // 200 each; five standard deviations are 69. The draws are fixed by the seed.
  expect(Math.min(...counts.values())).toBeGreaterThan(131);
  expect(Math.max(...counts.values())).toBeLessThan(269);
});

test("a sample depends on seed, epoch and index, and on nothing that was written before", () => {
  const set = exampleSet(2, { channels: 3, height: 5, width: 5 });
  const augmentation = { cropPadding: 2, flip: true };
  const first = sample(set, augmentation, { seed: 1, epoch: 4, index: 1 });
  sample(set, augmentation, { seed: 9, epoch: 0, index: 0 });
  expect(sample(set, augmentation, { seed: 1, epoch: 4, index: 1 })).toEqual(first);
  const others = Array.from({ length: 8 }, (_, epoch) => sample(set, augmentation, { seed: 1, epoch, index: 1 }));
  expect(new Set(others.map(String)).size).toBeGreaterThan(1);
});

test("no augmentation leaves every pixel in its place, whatever the epoch", () => {
  const set = exampleSet(3, { channels: 3, height: 3, width: 4 });
  const image = [...set.images.subarray(imageSize(set), 2 * imageSize(set))];
  expect(sample(set, noAugmentation, { seed: 5, epoch: 6, index: 1 })).toEqual(image);
});

test("pixels become (pixel / 255 − mean) / deviation by channel, and padding what a black pixel becomes", () => {
  const set = exampleSet(1, { channels: 3, height: 1, width: 1 });
  const tables = normalizationTables({ mean: [0.5, 0.25, 0], deviation: [0.5, 0.25, 1] });
  const out = new Float32Array(3);
  writeSample(
    { ...set, images: Uint8Array.of(255, 0, 51) },
    tables,
    noAugmentation,
    { seed: 0, epoch: 0, index: 0 },
    out,
    0,
  );
  expect([...out]).toEqual([1, -1, Math.fround(0.2)]);
  const crops = Array.from({ length: 60 }, (_, epoch) => {
    writeSample(
      { ...set, images: Uint8Array.of(9, 9, 9) },
      tables,
      { cropPadding: 5, flip: false },
      { seed: 0, epoch, index: 0 },
      out,
      0,
    );
    return String([...out]);
  });
  expect(crops).toContain("-1,-1,0");
});

test("what a shift lays bare is the image mirrored at its border, as PyTorch pads by reflection", () => {
  const set: ImageSet = {
    ...exampleSet(1, { channels: 1, height: 3, width: 3 }),
    images: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9),
  };
  // torch.nn.functional.pad(torch.arange(1, 10).reshape(1, 1, 3, 3).float(), (2, 2, 2, 2), mode="reflect")
  const padded = [
    [9, 8, 7, 8, 9, 8, 7],
    [6, 5, 4, 5, 6, 5, 4],
    [3, 2, 1, 2, 3, 2, 1],
    [6, 5, 4, 5, 6, 5, 4],
    [9, 8, 7, 8, 9, 8, 7],
    [6, 5, 4, 5, 6, 5, 4],
    [3, 2, 1, 2, 3, 2, 1],
  ];
  const crops = padded
    .slice(0, 5)
    .flatMap((_, top) =>
      padded.slice(0, 5).map((__, left) => String(padded.slice(top, top + 3).map((row) => row.slice(left, left + 3)))),
    );
  const drawn = Array.from({ length: 300 }, (_, epoch) =>
    String(sample(set, { cropPadding: 2, flip: false, reflectBorder: true }, { seed: 0, epoch, index: 0 })),
  );
  expect(new Set(drawn)).toEqual(new Set(crops));
});

test("a sample touches nothing outside its own place", () => {
  const set = exampleSet(2, { channels: 1, height: 2, width: 3 });
  const out = new Float32Array(8).fill(-7);
  writeSample(
    set,
    normalizationTables(asTheyAre),
    { cropPadding: 3, flip: true },
    { seed: 1, epoch: 1, index: 1 },
    out,
    1,
  );
  expect([out[0], out[7]]).toEqual([-7, -7]);
  expect([...out.subarray(1, 7)]).not.toContain(-7);
});

test("alternating, each image is mirrored in every other epoch, half of them first in an even one", () => {
  const set = exampleSet(3, { channels: 1, height: 2, width: 3 });
  const augmentation = { ...noAugmentation, alternateFlip: true };
  const isMirrored = (epoch: number, index: number): boolean => {
    const drawn = sample(set, augmentation, { seed: 3, epoch, index });
    const plain = sample(set, noAugmentation, { seed: 3, epoch, index });
    const mirror = padCropFlip(set, index, { pad: 0, top: 0, left: 0, flip: true });
    expect([plain, mirror].map(String)).toContain(String(drawn));
    return String(drawn) === String(mirror);
  };
  for (const index of [0, 1, 2])
    for (let epoch = 0; epoch < 6; epoch++) expect(isMirrored(epoch + 1, index)).toBe(!isMirrored(epoch, index));
  const first = Array.from({ length: 1000 }, (_, index) => drawView(augmentation, { seed: 0, epoch: 0, index })).filter(
    ({ mirrored }) => mirrored,
  );
  // Five standard deviations of 1000 tosses are 79.
  expect(Math.abs(first.length - 500)).toBeLessThan(79);
});

test("alternating leaves the crops where they were", () => {
  const both = [true, false].map((alternateFlip) =>
    Array.from({ length: 20 }, (_, index) => {
      const { top, left } = drawView({ cropPadding: 4, flip: true, alternateFlip }, { seed: 1, epoch: 2, index });
      return [top, left];
    }),
  );
  expect(both[0]).toEqual(both[1]);
});
