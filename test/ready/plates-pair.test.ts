import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stampNetworks } from "../../scripts/ready-networks.mjs";
import { makeKeyPair } from "../../src/artifacts/node/keys.ts";
import { encodePng } from "../../src/files/png.ts";
import { openNetworkFile } from "../../src/networks/node/file.ts";
import { open } from "../../src/node.ts";
import type { PlatePrediction } from "../../src/tasks/plates/predict.ts";
import { drawnNetwork } from "../support/plates.ts";
import { looseThreshold, writeReadyPair } from "../support/ready-pair.ts";
import { serveInTest } from "../support/serving.ts";
import { runCommand } from "../cli/run.ts";

let folder = "";
const at = (...names: readonly string[]): string => join(folder, ...names);
const { RESIDUA_MODELS: before } = process.env;
const threshold = looseThreshold;
const [width, height] = [96, 64];
const data = Uint8Array.from({ length: 3 * width * height }, (_, index) => (index * 37) % 251);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-pair-"));
  process.env["RESIDUA_MODELS"] = at("models");
  await writeReadyPair(at("models"));
  await mkdir(at("scenes"));
  await writeFile(at("scenes/noise.png"), encodePng({ width, height, channels: 3, samples: data }));
  await writeFile(at("scenes/labels.json"), JSON.stringify({ "noise.png": { plates: [] } }));
});
afterAll(async () => {
  if (before === undefined) delete process.env["RESIDUA_MODELS"];
  else process.env["RESIDUA_MODELS"] = before;
  await rm(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]) => runCommand(args, folder);
const files = { locator: "models/plates-locator.onnx", reader: "models/plates-reader.onnx" } as const;
const picture = { width, height, data };

function platesOf(found: PlatePrediction) {
  if (found.part !== "both") throw new Error(`it can only ${found.part}`);
  return found.plates;
}

describe("in Node, a ready pair", () => {
  test("is one network of its task, whose answers are those of its two files", async () => {
    const pair = await open("plates", { task: "plates", threads: 1 });
    expect([pair.task, pair.card.model.name]).toEqual(["plates", "plate-locator"]);
    const found = platesOf(await pair.predict(picture, { threshold, legibility: 0, grammar: "none" }));
    expect(found.length).toBeGreaterThan(0);
    expect(await pair.predict(at("scenes/noise.png"), { threshold, legibility: 0, grammar: "none" })).toEqual({
      part: "both",
      plates: found,
    });
    const { figures } = await pair.evaluate(at("scenes"), { threshold, legibility: 0 });
    expect(figures).toMatchObject({ pictures: 1, plates: 0, falsePlates: found.length });
    await expect(pair.save(at("pair.onnx"))).rejects.toThrow(
      /^file: cannot hold plates, which has a file for each part/,
    );
    await pair.release();
    await expect(pair.predict(picture)).rejects.toThrow(/plates: was released/);

    const { locator, reader } = { locator: at(files.locator), reader: at(files.reader) };
    const own = await open({ locator, reader }, { task: "plates", threads: 1 });
    expect(platesOf(await own.predict(picture, { threshold, legibility: 0, grammar: "none" }))).toEqual(found);
    await own.release();
    const alone = await open(locator, { task: "plates", threads: 1 });
    const located = await alone.predict(picture, { threshold });
    await alone.release();
    expect(located).toMatchObject({ part: "locate", plates: found.map(({ corners, score }) => ({ corners, score })) });
  });

  test.each<readonly [string, () => Promise<unknown>, RegExp]>([
    ["a hash of two files", () => open("plates", { sha256: "0".repeat(64) }), /^sha256: is that of one file/],
    [
      "another task",
      () => open("plates", { task: "segment" }),
      /^plates: was trained to plates; give a network that was/,
    ],
    [
      "an unknown name",
      () => open("plate"),
      /^file: "plate" is neither a file nor a ready network: .*did you mean plates\?/,
    ],
  ])("refuses %s", async (_, openIt, message) => {
    await expect(openIt()).rejects.toThrow(message);
  });

  test("refuses parts that are missing, unknown, or in each other's place", async () => {
    const [locator, reader] = [at(files.locator), at(files.reader)];
    const wrong: readonly (readonly [Parameters<typeof open>[0], RegExp])[] = [
      [{}, /^network: has no networks; give one for each part of a task/],
      [{ locator }, /^network: has the parts locator, must have locator and reader/],
      [{ locator, reader, third: reader }, /^network: has the parts locator, reader, third, must have/],
      [{ locator: reader, reader: locator }, /^network, locator: reads plates, must be a network that locates plates/],
      [null as never, /^file: must be a file, or files by their parts/],
      [{ locator: 1 as never, reader }, /^locator: must be a path, a URL, bytes or a Blob/],
    ];
    for (const [input, message] of wrong) await expect(open(input)).rejects.toThrow(message);
  });

  test("is refused if one of its files is another", async () => {
    await mkdir(at("changed"));
    for (const name of ["index.json", "plates-locator.onnx", "plates-reader.onnx"])
      await copyFile(at("models", name), at("changed", name));
    const bytes = await readFile(at("changed/plates-reader.onnx"));
    bytes[bytes.length >> 1] ^= 1;
    await writeFile(at("changed/plates-reader.onnx"), bytes);
    process.env["RESIDUA_MODELS"] = at("changed");
    await expect(open("plates")).rejects.toThrow(/plates-reader\.onnx: is not the file that the index names/);
    const { code, stderr } = await run("plates", "scenes/noise.png");
    expect([code, stderr]).toEqual([1, expect.stringContaining("is not the file that the index names")]);
    process.env["RESIDUA_MODELS"] = at("models");
  });
});

test("a file keeps no place of the machine that it was made on, and the index takes none that does", async () => {
  const { card } = await openNetworkFile(at(files.locator));
  expect(card?.task).toMatchObject({ glyphs: "my glyphs" });
  await mkdir(at("telling"));
  const text = Buffer.from(drawnNetwork("read")).toString("latin1").replace('"data":"nothing"', '"data":"/a/bcde"');
  await writeFile(at("telling/plates-reader.onnx"), text, "latin1");
  await copyFile(at("models/plates-locator.onnx"), at("telling/plates-locator.onnx"));
  await copyFile(at("models/index.json"), at("telling/index.json"));
  await expect(stampNetworks(at("telling"))).rejects.toThrow(/plates-reader\.onnx says "\/a\/bcde"; export it/);
});

describe("on the command line, a ready pair", () => {
  const loose = ["--threshold", String(threshold), "--legibility", "0", "--threads", "1", "--json"];

  test("finds plates when nothing is said, says which it is, and does as its files do", async () => {
    const { code, stdout, stderr } = await run("plates", "scenes/noise.png", ...loose);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^network: plates, a ready one: whole plates 0\.5 on noise$/m);
    const { ready, images } = JSON.parse(stdout);
    const index = JSON.parse(await readFile(at("models/index.json"), "utf8"));
    const use = (part: string) => ({ name: "plates", sha256: index.networks[0].files[part].sha256, signer: null });
    expect(ready).toEqual({ locator: use("locator"), reader: use("reader") });
    const own = ["--locator", files.locator, "--reader", files.reader];
    const byFiles = JSON.parse((await run("plates", "scenes/noise.png", ...loose, ...own)).stdout);
    expect(images[0].plates.length).toBeGreaterThan(0);
    expect(byFiles.images).toEqual(images);
    const predicted = JSON.parse((await run("predict", "--model", "plates", "scenes/noise.png", ...loose)).stdout);
    expect(predicted.results).toEqual([{ image: "scenes/noise.png", part: "both", plates: images[0].plates }]);
  });

  test("is what evaluate takes for the task", async () => {
    const { code, stdout, stderr } = await run("evaluate", "--task", "plates", "--data", "scenes", ...loose);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^network: plates, a ready one/m);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ model: "plates", plates: 0 });
    expect(found.falsePlates).toBeGreaterThan(0);
    expect(stdout).not.toContain("straightened");
    const neither = await run("evaluate", "--data", "scenes");
    expect([neither.code, neither.stderr]).toEqual([2, expect.stringContaining("--model: is missing; name a network")]);
  });

  test("is listed and shown", async () => {
    expect((await run("models", "list", "--ready")).stdout).toMatch(/^plates +plates +whole plates 0\.5 on noise/m);
    const { stdout } = await run("models", "show", "plates");
    expect(stdout).toMatch(/^locator +.*plates-locator\.onnx/m);
    expect(stdout).toMatch(/^reader +.*plates-reader\.onnx/m);
    expect(await readFile(at("models/plates.md"), "utf8")).toContain("`plates-reader.onnx`");
  });
});

describe("a server of a ready pair", () => {
  test("predicts from an image, and takes no tensors", async () => {
    const { url } = await serveInTest({ sources: ["plates"] });
    const body = await readFile(at("scenes/noise.png"));
    const ask = (path: string) => fetch(`${url}/v1/models/plates/${path}`, { method: "POST", body });
    const answer = await ask(`predict?threshold=${threshold}&grammar=none&legibility=0`);
    const network = await open("plates", { task: "plates", threads: 1 });
    const plates = platesOf(await network.predict(picture, { threshold, legibility: 0, grammar: "none" }));
    await network.release();
    expect(answer.status).toBe(200);
    const found = (await answer.json()) as { readonly plates: readonly { readonly text: string }[] };
    expect(found).toMatchObject({ width, height, part: "both" });
    expect(found.plates.map(({ text }) => text)).toEqual(plates.map(({ text }) => text));
    expect(JSON.stringify(found)).not.toContain("straightened");
    for (const [path, message] of [
      ["predict?threshold=high", 'threshold: must be a number, got "high"'],
      ["predict?views=1", "views: is not an option of a request about plates; there are threshold, longestSide"],
    ]) {
      const refused = await ask(path);
      expect([refused.status, ((await refused.json()) as { readonly error: string }).error]).toEqual([
        400,
        expect.stringContaining(message),
      ]);
    }
    const infer = await fetch(`${url}/v2/models/plates/infer`, { method: "POST", body: '{"inputs":[]}' });
    expect([infer.status, await infer.json()]).toEqual([
      400,
      { error: expect.stringContaining("takes images alone; send one to /v1/models/plates/predict") },
    ]);
  });

  test("starts only with an index that a trusted key has signed", async () => {
    const { public: key } = await makeKeyPair(at("server"), "sign");
    const policy = { host: "127.0.0.1", port: 0, trustedKeys: [key] };
    await expect(serveInTest({ sources: ["plates"], policy })).rejects.toThrow(/index\.json: is not signed/);
    await expect(serveInTest({ sources: ["plate"] })).rejects.toThrow(/did you mean plates\?/);
  });
});
