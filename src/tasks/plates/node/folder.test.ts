import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, expect, test } from "vitest";
import { listPlates } from "./folder.ts";

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "plates "));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

const poly = [
  [10, 20],
  [110, 22],
  [111, 52],
  [9, 50],
];

const labels = (plate: object): Readonly<Record<string, string>> => ({
  "labels.json": JSON.stringify({ "车 1.jpg": { w: 200, h: 100, plates: [plate] } }),
  "images/车 1.jpg": "",
});

test("labels.json: texts are normalised, corners in another order and crossed ones put in order, boxes become corners", async () => {
  const turned = await listPlates(
    await folderOf(labels({ text: "京Ａ·O2345", colour: "blue", poly: [poly[2], poly[0], poly[1], poly[3]] })),
  );
  expect(turned[0].plates[0]).toEqual({ text: "京A02345", colour: "blue", corners: poly, rows: 1 });
  const [{ plates }] = await listPlates(await folderOf(labels({ text: null, box: [1, 2, 31, 12], rows: 2 })));
  expect(plates).toEqual([
    {
      corners: [
        [1, 2],
        [31, 2],
        [31, 12],
        [1, 12],
      ],
      rows: 2,
    },
  ]);
});

test.each([
  ["six characters", labels({ text: "京A1234", poly }), /车 1\.jpg: has the text "京A1234" of 6 characters/],
  [
    "corners inside each other",
    labels({
      poly: [
        [0, 0],
        [100, 0],
        [50, 99],
        [50, 30],
      ],
    }),
    /no convex quadrilateral/,
  ],
  ["a box the wrong way round", labels({ box: [30, 2, 1, 12] }), /must be left, top, right, bottom/],
  ["neither corners nor a box", labels({ text: "京A12345" }), /give its four corners/],
  ["a missing picture", { "labels.json": '{"a.jpg":{"plates":[]}}' }, /names a\.jpg, which is not in/],
  ["text that is no JSON", { "labels.json": "{" }, /labels\.json: is no JSON/],
  ["a list in its place", { "labels.json": '{"a.jpg":{"plates":3}}' }, /labels\.json: .*plates/],
  ["a name of nine characters", { "京A1234567.jpg": "" }, /9 characters/],
  ["nothing", {}, /has no labelled plates/],
])("%s is one clear line", async (_, files, message) => {
  await expect(listPlates(await folderOf(files))).rejects.toThrow(message);
});

test("CCPD's names give text and corners; plates cut out are named by their text, in folders inside too", async () => {
  // The first example of CCPD's README, whose plate is 皖AY339S.
  const name = "025-95_113-154&383_386&473-386&473_177&454_154&383_363&402-0_0_22_27_27_33_16-37-15.jpg";
  const folder = await folderOf({ [name]: "", "more/沪AD12345_2.png": "", "more/notes.txt": "" });
  const found = await listPlates(folder);
  expect(found.map(({ isCrop, plates }) => [isCrop, plates[0].text])).toEqual([
    [false, "皖AY339S"],
    [true, "沪AD12345"],
  ]);
  expect(found[0].plates[0].corners).toEqual([
    [154, 383],
    [363, 402],
    [386, 473],
    [177, 454],
  ]);
  expect(found[1].plates[0].corners).toBeUndefined();
});
