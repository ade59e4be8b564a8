import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { encodePng } from "../../files/png.ts";
import { FormatError, OptionError } from "../../tensor/errors.ts";
import { identifyData } from "./identify-data.ts";

const format = { channels: 3, height: 2, width: 2 };
let folder: string;

async function writeGrey(path: string, grey: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, encodePng({ height: 2, width: 2, channels: 1, samples: new Uint8Array(4).fill(grey) }));
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-data-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (let index = 0; index < 10; index++)
    for (const [label, name] of ["cat", "dog"].entries())
      await writeGrey(join(folder, "photos", name, `${index}.png`), 100 * label + index);
});

const identify = (name = "photos", used = {}): Promise<string | undefined> =>
  identifyData(join(folder, name), format, used);

test("a folder of the same images is the same wherever it lies", async () => {
  await cp(join(folder, "photos"), join(folder, "elsewhere", "birds"), { recursive: true });
  expect(await identify(join("elsewhere", "birds"))).toBe(await identify());
});

test.each([
  ["another pixel", () => writeGrey(join(folder, "photos", "cat", "3.png"), 77)],
  ["another image", () => writeGrey(join(folder, "photos", "cat", "10.png"), 10)],
  ["another label", () => rename(join(folder, "photos", "cat", "3.png"), join(folder, "photos", "dog", "13.png"))],
])("%s makes other data, also beyond the images that are trained on, which normalise them", async (_, change) => {
  const [all, few] = [await identify(), await identify("photos", { train: 2, test: 1 })];
  await change();
  expect(await identify()).not.toBe(all);
  expect(await identify("photos", { train: 2, test: 1 })).not.toBe(few);
});

test("how many are used tells them apart, up to as many as there are", async () => {
  expect(await identify("photos", { train: 4 })).not.toBe(await identify("photos", { train: 5 }));
  expect(await identify("photos", { test: 1 })).not.toBe(await identify());
  expect(await identify("photos", { train: 4160, test: 1000 })).toBe(await identify());
});

test("a known data set is told by its name, and what is neither is refused", async () => {
  expect(await identifyData("mnist", format)).toBeUndefined();
  await expect(identify("none")).rejects.toThrow(OptionError);
  await expect(identify(join("photos", "cat"))).rejects.toThrow(FormatError);
});
