import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readImage } from "../../src/data/node/image.ts";
import { encodePng } from "../../src/files/png.ts";
import { decodeReport } from "../../src/report/node/index.ts";
import { plateParts } from "../../src/tasks/plates/settings.ts";
import { drawnNetwork } from "../support/plates.ts";
import { runCommand } from "./run.ts";

let folder = "";
const at = (...names: readonly string[]): string => join(folder, ...names);

const [width, height] = [96, 64];
const colours = Uint8Array.from({ length: 3 * width * height }, (_, index) => (index * 37) % 251);
const grey = Uint8Array.from({ length: width * height }, (_, index) => (index * 37) % 251);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-plates-"));
  for (const part of plateParts) await writeFile(at(`${part}.onnx`), drawnNetwork(part));
  const picture = sharp(colours, { raw: { width, height, channels: 3 } });
  await writeFile(at("colour.png"), encodePng({ width, height, channels: 3, samples: colours }));
  await writeFile(at("grey.png"), encodePng({ width, height, channels: 1, samples: grey }));
  await writeFile(
    at("deep.png"),
    encodePng({ width, height, channels: 1, samples: Uint16Array.from(grey, (v) => 257 * v) }),
  );
  await writeFile(at("clear.png"), await picture.clone().ensureAlpha(0.5).png().toBuffer());
  await writeFile(at("inks.jpg"), await picture.clone().toColourspace("cmyk").jpeg().toBuffer());
  await writeFile(at("turned.jpg"), await picture.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer());
  await writeFile(at("dot.png"), encodePng({ width: 1, height: 1, channels: 3, samples: Uint8Array.of(1, 2, 3) }));
  await writeFile(at("upside down.png"), await picture.clone().rotate(180).png().toBuffer());
  await writeFile(at("镜像.png"), await picture.clone().flop().png().toBuffer());
  const wide = { width: 12_000, height: 8, channels: 3, background: "gray" } as const;
  await writeFile(at("wide.png"), await sharp({ create: wide }).png().toBuffer());
  const brand = Buffer.concat([Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic"), Buffer.alloc(200)]);
  await writeFile(at("photo.heic"), brand);
  const jpeg = await picture.clone().jpeg().toBuffer();
  await writeFile(at("cut.jpg"), jpeg.subarray(0, jpeg.length >> 1));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const networks = ["--locator", "locate.onnx", "--reader", "read.onnx", "--threads", "1"];
/** Low enough that noise passes for a plate. */
const anything = ["--threshold", "0.005", "--legibility", "0"];
const run = (...args: readonly string[]) => runCommand(["plates", ...networks, ...args], folder);

interface Output {
  readonly locator: string;
  readonly reader: string;
  readonly table: string;
  readonly page?: string;
  readonly images: readonly {
    readonly image: string;
    readonly width: number;
    readonly height: number;
    readonly files: readonly string[];
    readonly plates: readonly {
      readonly text: string;
      readonly type: string;
      readonly confidence: number;
      readonly corners: readonly (readonly [number, number])[];
      readonly characters: readonly {
        readonly character: string;
        readonly confidence: number;
        readonly alternatives: readonly { readonly character: string }[];
      }[];
    }[];
  }[];
  readonly failures?: readonly { readonly image: string; readonly error: string }[];
}

async function json(...args: readonly string[]): Promise<Output> {
  const { code, stdout, stderr } = await run(...args, "--json");
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Output;
}

describe("residua plates", () => {
  test("gives each plate's corners, text, type, characters with what came next, and the weakest as confidence", async () => {
    const { locator, reader, images } = await json("colour.png", ...anything);
    expect([locator, reader]).toEqual(["locate.onnx", "read.onnx"]);
    const [{ plates }] = images;
    expect(plates.length).toBeGreaterThan(0);
    for (const { text, type, confidence, corners, characters } of plates) {
      expect(corners).toHaveLength(4);
      expect(characters.map(({ character }) => character).join("")).toBe(text);
      expect(confidence).toBeLessThanOrEqual(Math.min(...characters.map((character) => character.confidence)));
      for (const { character, alternatives } of characters)
        expect(alternatives.map((other) => other.character)).not.toContain(character);
      expect(typeof type).toBe("string");
    }
  });

  test("writes an overlay for each picture, and one table with a line for each plate and each picture without", async () => {
    const { images, table } = await json("colour.png", "dot.png", ...anything, "--out", "written");
    expect(images[0].files).toEqual(["written/colour.overlay.png"]);
    expect(await readImage(at("written/colour.overlay.png"))).toMatchObject({ width, height });
    const [head, ...lines] = (await readFile(at(table), "utf8")).trimEnd().split("\n");
    expect(head).toMatch(/^picture,number,text,colour,type,rows,confidence,score,x1,y1,/);
    expect(lines).toHaveLength(images.reduce((sum, { plates }) => sum + Math.max(1, plates.length), 0));
  });

  test("reads whatever the one reader of images reads, upright", async () => {
    const names = ["grey.png", "deep.png", "clear.png", "inks.jpg", "turned.jpg", "dot.png", "wide.png"];
    const { images } = await json(...names, "--threshold", "0.9999");
    expect(images.map((image) => [image.width, image.height])).toEqual([
      ...Array.from({ length: 4 }, () => [width, height]),
      [height, width],
      [1, 1],
      [12_000, 8],
    ]);
    expect(images.flatMap(({ plates }) => plates)).toEqual([]);
    const { stdout } = await run("grey.png", "--threshold", "0.9999");
    expect(stdout).toMatch(/^grey\.png +–/m);
  });

  test("says which of several pictures failed, and does the others", async () => {
    const { code, stdout } = await run("cut.jpg", "colour.png", "--json");
    expect(code).toBe(1);
    const { images, failures = [] } = JSON.parse(stdout) as Output;
    expect(images.map(({ image }) => image)).toEqual(["colour.png"]);
    expect(failures[0].error).toMatch(/^cut\.jpg: /);
  });

  test("reads pictures that are upside down or mirrored as they stand, whatever their names", async () => {
    const { images } = await json("upside down.png", "镜像.png", ...anything, "--out", "turned");
    expect(images.map(({ image }) => image)).toEqual(["upside down.png", "镜像.png"]);
    expect(images.every(({ plates }) => plates.every(({ text }) => Array.from(text).length >= 7))).toBe(true);
  });

  test("refuses HEIC and a truncated JPEG in one line each", async () => {
    for (const [name, message] of [
      ["photo.heic", "residua: photo.heic: is an HEIC picture, which is not supported"],
      ["cut.jpg", "residua: cut.jpg: is damaged or truncated, must be a whole JPEG"],
    ]) {
      const { code, stderr } = await run(name);
      const lines = stderr.trimEnd().split("\n");
      expect([code, lines.at(-1)]).toEqual([1, expect.stringContaining(message)]);
    }
  });

  test("--blur hides what is located, legible or not; the table has what is legible", async () => {
    const { images } = await json("colour.png", "--threshold", "0.005", "--legibility", "0.99", "--blur", "all");
    expect(images[0].plates).toEqual([]);
    expect((await readImage(at("all/colour.png"))).samples).not.toEqual(colours);
  });

  test("--explain writes a page with the straightened plates, in both languages", async () => {
    const { page = "", images } = await json("colour.png", ...anything, "--explain", "--out", "explained");
    const report = decodeReport(await readFile(at(page), "utf8"), page);
    const parts = report.sections.flatMap((section) => section.parts);
    const count = images[0].plates.length;
    expect(parts.filter((part) => part.kind === "pictures")).toHaveLength(1 + count);
    expect(parts.filter((part) => part.kind === "table")).toHaveLength(count);
    expect(report.title).toHaveProperty("zh");
  });

  test("--blur writes pictures without plates elsewhere, and never over a picture", async () => {
    const { images } = await json("turned.jpg", "colour.png", ...anything, "--blur", "hidden", "--out", "b");
    expect(images.map(({ files }) => files[1])).toEqual(["hidden/turned.jpg", "hidden/colour.png"]);
    const hidden = await readImage(at("hidden/colour.png"));
    expect(hidden.samples).not.toEqual(colours);
    const { code, stderr } = await run("colour.png", "--blur", ".");
    expect([code, stderr]).toEqual([2, "residua: --blur: would replace colour.png itself; give another folder\n"]);
  });

  test.each<readonly [string, readonly string[], RegExp]>([
    ["networks in each other's place", ["--locator", "read.onnx"], /read\.onnx: was trained to read plates/],
    ["a network of a family", ["--reader", "plate-reader"], /--reader: "plate-reader" is a kind of network/],
    ["a pair beside two files", ["--model", "plates"], /--model: cannot be combined with both --locator and --reader/],
    ["a region that is not known", ["--region", "chna"], /did you mean china\?/],
    ["a threshold above 1", ["--threshold", "2"], /must be a number in \[0\.001, 1\)/],
  ])("refuses %s in one line", async (_, args, message) => {
    const { code, stderr } = await run("colour.png", ...args);
    expect(code).not.toBe(0);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(message);
  });
});

describe("one of the two networks alone", () => {
  const ask = (command: string, ...args: readonly string[]) => runCommand([command, "--threads", "1", ...args], folder);

  test("predicts all pictures but those that cannot be read, and names these", async () => {
    const { code, stdout, stderr } = await ask(
      "predict",
      "--model",
      "read.onnx",
      "grey.png",
      "cut.jpg",
      "dot.png",
      "--json",
    );
    const { results, failures } = JSON.parse(stdout);
    expect(results.map(({ image, part }: { image: string; part: string }) => [image, part])).toEqual([
      ["grey.png", "read"],
      ["dot.png", "read"],
    ]);
    expect(failures).toMatchObject([{ image: "cut.jpg" }]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("1 of 3 images failed")]);
  });

  test("takes a channel of a picture, and refuses one that is not there", async () => {
    const [whole, first] = await Promise.all(
      [[], ["--channel", "1"]].map((more) => ask("predict", "--model", "read.onnx", "colour.png", "--json", ...more)),
    );
    expect([whole.code, first.code]).toEqual([0, 0]);
    expect(JSON.parse(first.stdout).results).not.toEqual(JSON.parse(whole.stdout).results);
    expect((await ask("predict", "--model", "read.onnx", "colour.png", "--channel", "4")).code).toBe(2);
  });

  test.each<readonly [string, readonly string[], RegExp]>([
    [
      "a threshold of a reader",
      ["predict", "--model", "read.onnx", "grey.png", "--threshold", "0.3"],
      /--threshold: applies to a network that locates plates; this one reads them/,
    ],
    [
      "a reader that is not signed where a key is trusted",
      [
        "evaluate",
        "--model",
        "locate.onnx",
        "--reader",
        "read.onnx",
        "--data",
        "scenes",
        "--trusted-key",
        "my-sign.pub",
      ],
      /read\.onnx\.sig: /,
    ],
  ])("refuses %s", async (_, [command, ...args], message) => {
    await runCommand(["keys", "my"], folder);
    await runCommand(["sign", "locate.onnx", "--key", "my-sign.key"], folder);
    await mkdir(at("scenes"), { recursive: true });
    await writeFile(at("scenes/grey.png"), await readFile(at("grey.png")));
    await writeFile(at("scenes/labels.json"), JSON.stringify({ "grey.png": { plates: [] } }));
    const { code, stderr } = await ask(command, ...args);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});
