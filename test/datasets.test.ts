import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { loadData } from "../src/cli/commands/data.ts";
import { dataOption } from "../src/cli/data-option.ts";
import { flags } from "../src/cli/tasks/classify.ts";
import type { TypedTraining } from "../src/cli/task-flags.ts";
import type * as catalogModule from "../src/data/catalog.ts";
import { catalog, type DatasetEntry, type DatasetName, datasetNames } from "../src/data/catalog.ts";
import { augmentationOf } from "../src/data/dataset.ts";
import { fetchDataset } from "../src/data/node/fetch.ts";
import { findDataset, openDataset } from "../src/data/node/open.ts";
import { serveLocally } from "./support/local-server.ts";

/** Two grey images of 1×3 in three classes, in files of MNIST's format. */
const toyFiles = vi.hoisted(() => {
  const images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];
  const labels = [0, 0, 8, 1, 0, 0, 0, 2, 2, 0];
  return {
    "a-images-idx3-ubyte": images,
    "a-labels-idx1-ubyte": labels,
    "b-images-idx3-ubyte": images,
    "b-labels-idx1-ubyte": labels,
  };
});

// The only change: one more row.
vi.mock("../src/data/catalog.ts", async (original) => {
  const real = await original<typeof catalogModule>();
  const toy: DatasetEntry = {
    title: "Toys",
    licence: "none",
    image: { channels: 1, height: 1, width: 3 },
    counts: { train: 2, test: 2 },
    classes: ["ball", "kite", "top"],
    normalization: { mean: [0.25], deviation: [0.5] },
    augmentation: { cropPadding: 1, flip: true, byDefault: true },
    format: { kind: "idx", train: "a", test: "b" },
    files: Object.fromEntries(Object.keys(toyFiles).map((name) => [name, null])),
    sources: [],
  };
  return { ...real, catalog: { ...real.catalog, toys: toy }, datasetNames: [...real.datasetNames, "toys"] };
});

const toys = "toys" as DatasetName;
const format = { channels: 1, height: 1, width: 3 };

async function makeCache(): Promise<string> {
  const cache = await mkdtemp(join(tmpdir(), "residua-datasets-"));
  onTestFinished(() => rm(cache, { recursive: true }));
  return cache;
}

describe("one more row of the catalogue suffices", () => {
  test("to fetch the data set, find it and open it", async () => {
    const address = await serveLocally((request, response) => {
      const bytes = toyFiles[request.url!.slice(1, -".gz".length) as keyof typeof toyFiles];
      response.end(gzipSync(Uint8Array.from(bytes)));
    });
    const [cache, row] = [await makeCache(), catalog[toys]];
    vi.spyOn(catalog, toys, "get").mockReturnValue({ ...row, sources: [{ kind: "gzip", address }] });
    const folder = await fetchDataset(toys, cache, () => undefined);
    vi.restoreAllMocks();
    expect(findDataset(toys, cache)).toBe(folder);
    const { train, classes, normalization } = await openDataset("toys", cache, format);
    expect([[...train.labels], classes, normalization]).toEqual([[2, 0], row.classes, row.normalization]);
  });

  test("to say that it is not here, and what it would hold", async () => {
    await expect(openDataset("toys", await makeCache(), format)).rejects.toThrow(/^toys: is not on this machine/);
    await expect(openDataset("toyz", await makeCache(), format)).rejects.toThrow(
      /nor a data set; .*toys; did you mean toys\?$/,
    );
  });

  test("for help and defaults of every command", async () => {
    expect(dataOption().description).toContain("toys");
    const program = new Command();
    (await loadData())(program);
    const fetching = program.commands[0].commands.find((command) => command.name() === "fetch")!;
    expect(fetching.helpInformation()).toContain("toys");
    const train = flags.options.train().find(({ long }) => long === "--augment")!;
    expect(train.description).toMatch(/mirroring for .*toys.*default: for .*toys/);
  });

  test("for how its images are varied in a training", async () => {
    const start = { modelOptions: {}, data: "toys" };
    const typed = { start, given: new Map(), options: {}, typed: new Set<string>() } satisfies TypedTraining;
    expect((await flags.startTraining(typed)).augmentation).toEqual({ cropPadding: 1, flip: true });
    expect((await flags.startTraining({ ...typed, options: { augment: false } })).augmentation).toEqual({
      cropPadding: 0,
      flip: false,
    });
  });
});

describe.each(datasetNames)("%s", (name) => {
  const row = catalog[name];

  test("has a mean and a deviation for each channel, and different names for its classes", () => {
    const { mean, deviation } = row.normalization;
    expect([mean.length, deviation.length]).toEqual([row.image.channels, row.image.channels]);
    expect(new Set(row.classes).size).toBe(row.classes.length);
  });

  test("is varied by default only if its row says so", () => {
    const { byDefault, ...own } = row.augmentation;
    const none = { cropPadding: 0, flip: false };
    expect(augmentationOf(name)).toEqual(byDefault ? own : none);
    expect([augmentationOf(name, true), augmentationOf(name, false)]).toEqual([own, none]);
  });
});

test("every file is checked: by its own hash, or by that of the archives that it may come in", () => {
  const hashes = (["md5", "sha512"] as const).map((key) => (source: object) => String(Reflect.get(source, key) ?? ""));
  const isHashed = (source: object): boolean =>
    hashes.some((read) => /^([0-9a-f]{32}|[0-9a-f]{128})$/.test(read(source)));
  const unchecked = datasetNames.filter((name) => {
    const { files, sources } = catalog[name];
    return Object.values(files).includes(null) && !sources.every(isHashed);
  });
  expect(unchecked).toEqual([]);
  const archives = Object.values(catalog).flatMap(({ sources }) =>
    sources.filter(({ kind }) => kind !== "gzip" && kind !== "installed"),
  );
  expect(archives.filter((source) => !isHashed(source))).toEqual([]);
});

test("no source but the catalogue names a data set, except in examples of the help and of comments", async () => {
  const root = fileURLToPath(new URL("../src/", import.meta.url));
  const names = datasetNames.filter((name) => name !== toys);
  // A whole string, the first of a list, or a family of names: "mnist", "mnist, cifar10", startsWith("cifar").
  const literal = new RegExp(`["'\`](${names.join("|")})["'\`,]|(starts|ends)With\\(["'\`](mnist|cifar)`);
  const files = (await readdir(root, { recursive: true })).filter(
    (file) =>
      file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.startsWith("bench/") && file !== "data/catalog.ts",
  );
  const found = await Promise.all(
    files.map(async (file) => {
      const lines = (await readFile(join(root, file), "utf8")).split("\n");
      // A comment, or a row of a table by data set, tells none apart.
      const isCode = (line: string): boolean => !/^\s*(\/?\*|\/\/|"[\w-]+": \w+,$)/.test(line);
      return lines.flatMap((line, index) =>
        isCode(line) && literal.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
      );
    }),
  );
  expect(files.length).toBeGreaterThan(300);
  expect(found.flat()).toEqual([]);
});
