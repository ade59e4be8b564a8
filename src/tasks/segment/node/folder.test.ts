import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test } from "vitest";
import { encodeTiff } from "../tiff.ts";
import { measureIntensity, standardScaling, writeScaled } from "../data/raster.ts";
import { EnvironmentError } from "../../../tensor/errors.ts";
import { standardSettings } from "../settings.ts";
import { listMasked, readMasked } from "./folder.ts";
import { idsOf } from "./read-mask.ts";
import { openSegmentationSamples } from "./samples.ts";
import { loadMasked } from "./load.ts";
import { readImage } from "../../../data/node/image.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-masked-"));
  await mkdir(join(folder, "images"));
  await mkdir(join(folder, "masks"));
});
afterEach(() => rm(folder, { recursive: true }));

const png = (samples: Uint8Array | Uint16Array, width: number, channels: 1 | 2 | 3 | 4 = 1): Promise<Buffer> => {
  const image = sharp(samples, { raw: { width, height: samples.length / width / channels, channels } });
  return (samples instanceof Uint16Array ? image.toColourspace("grey16") : image).png().toBuffer();
};
const write = (path: string, content: Uint8Array | string): Promise<void> => writeFile(join(folder, path), content);
const ramp = Uint16Array.from({ length: 20 }, (_, at) => at * 50);

test("a 16-bit PNG that uses 10 bits keeps its values, and its range becomes 0 to 1", async () => {
  await write("images/a.png", await png(ramp, 5));
  const raster = await readImage(join(folder, "images/a.png"));
  expect([...raster.samples]).toEqual([...ramp]);
  const out = new Float32Array(20);
  writeScaled(
    raster,
    measureIntensity(raster, { low: 0, high: 100, invertBright: false }),
    { top: 0, left: 0, height: 4, width: 5 },
    { channels: 1, out },
  );
  expect([out[0], out[19]]).toEqual([0, 1]);
});

test("TIFFs of 16 and 32 bits and of floats are read exactly", async () => {
  const many = Uint32Array.from(ramp, (value, at) => 4_294_967_295 - 70_001 * at - value);
  for (const values of [ramp, many, Float32Array.from(ramp, (value) => value / 7 - 3)]) {
    await write("images/a.tif", encodeTiff({ height: 4, width: 5, values }));
    const { samples, height, width, channels } = await readImage(join(folder, "images/a.tif"));
    expect({ height, width, channels }).toEqual({ height: 4, width: 5, channels: 1 });
    expect(Array.from(samples)).toEqual(Array.from(values));
  }
});

test("a truncated TIFF and a truncated PNG are damaged files, in one line", async () => {
  await write("images/a.tif", encodeTiff({ height: 4, width: 5, values: ramp }).subarray(0, 150));
  await expect(readImage(join(folder, "images/a.tif"))).rejects.toThrow("a.tif: is damaged or truncated");
  const noise = Uint8Array.from({ length: 4096 }, (_, at) => (at * 7919) % 251);
  const whole = await png(noise, 64);
  await write("images/b.png", whole.subarray(0, whole.length / 2));
  await expect(readImage(join(folder, "images/b.png"))).rejects.toThrow("b.png: is");
});

test("transparency is left out", async () => {
  await write("images/a.png", await png(Uint8Array.from([10, 20, 30, 0, 40, 50, 60, 255]), 2, 4));
  expect(await readImage(join(folder, "images/a.png"))).toMatchObject({
    channels: 3,
    samples: Uint8Array.from([10, 20, 30, 40, 50, 60]),
  });
});

test("an image without mask, a mask without image and a mask of another size are named", async () => {
  await write("images/a.png", await png(Uint8Array.from(ramp), 5));
  await expect(listMasked(folder)).rejects.toThrow("masks: has no mask for a; every image needs a mask of its name");
  await write("masks/a.png", await png(new Uint8Array(15), 5));
  const [file] = await listMasked(folder);
  await expect(readMasked(file, "instances")).rejects.toThrow(
    "a.png: has 5 × 3 points, its image has 5 × 4; they must be of one size",
  );
  await write("masks/b.png", await png(new Uint8Array(20), 5));
  await expect(listMasked(folder)).rejects.toThrow("images: has no image for the mask b");
});

test("an empty mask has no cells, and a black and white one has a cell for each connected part", async () => {
  await write("images/a.png", await png(Uint8Array.from(ramp), 5));
  await write("images/b.png", await png(Uint8Array.from(ramp), 5));
  await write("masks/a.png", await png(new Uint8Array(20), 5));
  await write(
    "masks/b.png",
    await png(
      Uint8Array.from({ length: 20 }, (_, at) => (at % 5 === 2 ? 0 : 255)),
      5,
    ),
  );
  const set = await loadMasked(await listMasked(folder), {
    meaning: "instances",
    channels: 3,
    scaling: standardScaling,
  });
  expect(set.items.map(({ name, cells, channels }) => ({ name, cells, channels }))).toEqual([
    { name: "a", cells: 0, channels: 1 },
    { name: "b", cells: 2, channels: 1 },
  ]);
});

test("runs in a table are masks, and an image that the table lacks is named", async () => {
  await write("images/a.png", await png(Uint8Array.from(ramp), 5));
  await rm(join(folder, "masks"), { recursive: true });
  await write("train.csv", "ImageId,EncodedPixels\na,1 2\na,9 1 10 1\n");
  const [file] = await listMasked(folder);
  expect([...(await readMasked(file, "instances")).mask]).toEqual([
    1,
    0,
    2,
    0,
    0,
    1,
    0,
    2,
    0,
    0,
    ...Array.from({ length: 10 }, () => 0),
  ]);
  await write("images/c.png", await png(Uint8Array.from(ramp), 5));
  await expect(listMasked(folder)).rejects.toThrow("train.csv: has no row for c");
});

test("a folder of the Data Science Bowl has a mask for each cell", async () => {
  await rm(join(folder, "images"), { recursive: true });
  await rm(join(folder, "masks"), { recursive: true });
  await mkdir(join(folder, "id1/images"), { recursive: true });
  await mkdir(join(folder, "id1/masks"));
  await write("id1/images/id1.png", await png(Uint8Array.from(ramp), 5));
  for (const at of [0, 7]) await write(`id1/masks/${at}.png`, await png(new Uint8Array(20).fill(255, at, at + 1), 5));
  const [file] = await listMasked(folder);
  const { mask } = await readMasked(file, "instances");
  expect([mask[0], mask[7], mask[8]]).toEqual([1, 2, 0]);
});

test("several folders of images and masks are one, and their images keep their folders' names", async () => {
  const [image, mask] = [await png(Uint8Array.from(ramp), 5), await png(new Uint8Array(20).fill(1, 3, 5), 5)];
  await rm(join(folder, "images"), { recursive: true });
  await rm(join(folder, "masks"), { recursive: true });
  for (const part of ["one", "two"]) {
    for (const kind of ["images", "masks"]) await mkdir(join(folder, part, kind), { recursive: true });
    await write(`${part}/images/a.png`, image);
    await write(`${part}/masks/a.png`, mask);
  }
  expect((await listMasked(folder)).map(({ name }) => name)).toEqual(["one/a", "two/a"]);
  await write("two/images/b.png", image);
  await expect(listMasked(folder)).rejects.toThrow("masks: has no mask for b");
});

test("cells of one point, a palette, transparency and 16 bits in a mask are read as the numbers they mean", async () => {
  const ids = Uint8Array.from({ length: 20 }, (_, at) => (at % 3 === 0 ? at + 1 : 0));
  await write("images/a.png", await png(Uint8Array.from(ramp), 5));
  const raw = { width: 5, height: 4, channels: 1 } as const;
  const rgba = Uint8Array.from({ length: 80 }, (_, at) => (at % 4 === 3 ? 9 * (at % 7) : ids[Math.floor(at / 4)]));
  const files = {
    grey: await png(ids, 5),
    deep: await png(
      Uint16Array.from(ids, (id) => 1000 * id),
      5,
    ),
    palette: await sharp(ids, { raw }).png({ palette: true, colours: 32, dither: 0 }).toBuffer(),
    transparent: await png(rgba, 5, 4),
  };
  for (const [name, content] of Object.entries(files)) {
    await write("masks/a.png", content);
    const { mask } = await readMasked((await listMasked(folder))[0], "instances");
    expect([...mask], name).toEqual([...Uint16Array.from(ids, (id) => (id === 0 ? 0 : (id + 2) / 3))]);
  }
});

test("a mask whose compression changed its values is refused, and images so compressed are not", async () => {
  const image = sharp(Uint8Array.from(ramp), { raw: { width: 5, height: 4, channels: 1 } });
  const jpeg = await image.toColourspace("b-w").jpeg().toBuffer();
  await write("images/a.jpg", jpeg);
  await write("masks/a.jpg", jpeg);
  const [file] = await listMasked(folder);
  await expect(readMasked(file, "instances")).rejects.toThrow(
    "a.jpg: is a JPEG whose compression changes values, which makes cells of speckle; save masks as PNG or TIFF",
  );
  await rm(join(folder, "masks/a.jpg"));
  await write("masks/a.png", await png(new Uint8Array(20).fill(1, 3, 5), 5));
  expect((await readMasked((await listMasked(folder))[0], "instances")).image.channels).toBe(1);
});

test("a mask of grey with opacity keeps its cells", async () => {
  const ids = Uint8Array.from({ length: 20 }, (_, at) => (at % 5 === 2 ? 7 : 0));
  const pairs = Uint8Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? ids[at / 2] : 255));
  const encoded = sharp(pairs, { raw: { width: 5, height: 4, channels: 2 } })
    .toColourspace("b-w")
    .png();
  await write("images/a.png", await encoded.clone().toBuffer());
  await write("masks/a.png", await encoded.clone().toBuffer());
  const { image, mask } = await readMasked((await listMasked(folder))[0], "classes");
  expect({ channels: image.channels, mask: [...mask] }).toEqual({ channels: 1, mask: [...ids] });
});

test("a class beyond 16 bits is refused, not cut to another", async () => {
  await write("images/a.png", await png(Uint8Array.from(ramp), 5));
  await write("masks/a.tif", encodeTiff({ height: 4, width: 5, values: new Uint32Array(20).fill(65_537) }));
  await expect(readMasked((await listMasked(folder))[0], "classes")).rejects.toThrow(
    "a.tif: holds the class 65537, must be at most 255",
  );
});

test("data that the training had and this machine has not is asked for by its field", async () => {
  const away = join(folder, "away");
  const network = { card: { data: away }, settings: standardSettings };
  await expect(openSegmentationSamples(network, { cache: "" })).rejects.toThrow(
    `data: is required: the network was trained on ${away}, which is not here; give a folder`,
  );
  // A folder that was named is looked for by its name.
  await expect(openSegmentationSamples(network, { cache: "", data: away })).rejects.toThrow(EnvironmentError);
});

test("a limit that is no number of the images is refused, whatever it is", async () => {
  for (const name of ["a", "b", "c"])
    for (const part of ["images", "masks"]) await write(`${part}/${name}.png`, await png(Uint8Array.from(ramp), 5));
  const network = { card: { data: folder }, settings: standardSettings };
  for (const limit of [-1, 0, 2.5, 4, Number.NaN])
    await expect(openSegmentationSamples(network, { cache: "", limit }), String(limit)).rejects.toThrow(
      `limit: must be from 1 to 3, the number of images, got ${limit}`,
    );
  expect((await openSegmentationSamples(network, { cache: "", limit: 2 })).count).toBe(2);
});

const coloured = (...colours: readonly (readonly [number, number, number])[]): Promise<Buffer> =>
  png(
    Uint8Array.from({ length: 60 }, (_, at) => colours[Math.floor(at / 3) % colours.length][at % 3]),
    5,
    3,
  );

test("every colour of a mask is a cell of its own, blue and white of the same strength, too", async () => {
  await write("images/a.png", await png(Uint8Array.from(ramp), 5));
  await write(
    "masks/a.png",
    await coloured([0, 0, 0], [255, 255, 255], [0, 0, 255], [0, 255, 0], [0, 1, 0], [0, 0, 1]),
  );
  const { mask } = await readMasked((await listMasked(folder))[0], "instances");
  expect([...mask.subarray(0, 6)]).toEqual([0, 1, 2, 3, 4, 5]);
});

test("a class has one number in grey and coloured files of a folder, and a colour is none", async () => {
  await write("images/a.png", await png(Uint8Array.from(ramp), 5));
  await write("masks/a.png", await coloured([0, 0, 0], [7, 7, 7], [255, 255, 255]));
  const [file] = await listMasked(folder);
  expect([...(await readMasked(file, "classes")).mask.subarray(0, 3)]).toEqual([0, 7, 255]);
  await write("masks/a.png", await coloured([0, 0, 0], [255, 255, 255], [0, 0, 255]));
  await expect(readMasked(file, "classes")).rejects.toThrow(
    "a.png: has the colour 0, 0, 255 in a mask of classes, must be grey: a class from 0 to 255",
  );
});

test("a mask of more channels than tell numbers apart is refused, and so are colours that are no whole numbers", async () => {
  await write("images/a.png", await png(Uint8Array.from(ramp), 5));
  for (const [values, channels, wrong] of [
    [new Uint16Array(20 * 4), 4, "has 4 channels, must be grey or have a colour for each cell"],
    [new Float32Array(60).fill(0.5), 3, "holds values that are not whole numbers"],
    [new Uint32Array(60).fill(70_000), 3, "holds values that are not whole numbers"],
  ] as const) {
    const raster = { height: 4, width: 5, channels, samples: values };
    expect(() => idsOf(raster, "a.tif"), wrong).toThrow(`a.tif: ${wrong}`);
  }
});

test("a cell whose file is drawn in any colour has its points", async () => {
  await rm(join(folder, "images"), { recursive: true });
  await rm(join(folder, "masks"), { recursive: true });
  for (const part of ["images", "masks"]) await mkdir(join(folder, "id1", part), { recursive: true });
  await write("id1/images/id1.png", await png(Uint8Array.from(ramp), 5));
  await write("id1/masks/green.png", await coloured([0, 0, 0], [0, 255, 0]));
  const { mask } = await readMasked((await listMasked(folder))[0], "instances");
  expect([...mask.subarray(0, 4)]).toEqual([0, 1, 0, 1]);
});
