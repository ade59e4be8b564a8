import { execFile } from "node:child_process";
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadAllTaskFlags } from "../src/cli/task-flags.ts";
import { taskNames, taskNameOf, tasks } from "../src/tasks/find-task.ts";
import { findNodeTask } from "../src/tasks/node/find-node-task.ts";
import { randomStream } from "../src/tensor/random.ts";
import { type CommandResult, runCommand } from "./cli/run.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const src = join(root, "src");

/** Sources that must know no task by name: all but the tasks themselves, their flags, and tests. */
async function listSources(): Promise<readonly string[]> {
  const files = await readdir(src, { recursive: true });
  return files.filter(
    (file) =>
      file.endsWith(".ts") && !file.endsWith(".test.ts") && !/^(cli\/)?tasks\//.test(file.replaceAll("\\", "/")),
  );
}

/** Pages of the studio, and benchmarks, that are for one task: they may know it, and no other. The list of pages has one of that name. */
const partsOfOneTask: Readonly<Record<string, string>> = {
  "studio/web/train/": "classify",
  "studio/web/cells/": "segment",
  "studio/web/plates/": "plates",
  "studio/web/pages.ts": "plates",
  "bench/gpu/": "segment",
};

/** The task that a file is for, if it is a part of such a page. */
function ownTaskOf(file: string): string | undefined {
  return Object.entries(partsOfOneTask).find(([folder]) => file.replaceAll("\\", "/").startsWith(folder))?.[1];
}

/** What a file imports, statically or when it is wanted, as paths in src/. */
function importsOf(file: string, text: string): readonly string[] {
  return Array.from(text.matchAll(/(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g), ([, path]) =>
    relative(src, resolve(src, dirname(file), path)),
  );
}

describe("outside the tasks and their flags", () => {
  test("no file imports one task's folder; studies and races of classifiers know classification, a page of one task that", async () => {
    const others = taskNames.filter((name) => name !== taskNameOf(undefined, "test"));
    const found: string[] = [];
    let seen = 0;
    for (const file of await listSources()) {
      const text = await readFile(join(src, file), "utf8");
      for (const path of importsOf(file, text)) {
        seen++;
        const owned = taskNames.find((name) => path.startsWith(`tasks/${name}/`));
        if (
          owned === undefined ||
          owned === ownTaskOf(file) ||
          (/^(lab|studio)\//.test(file) && !others.includes(owned))
        )
          continue;
        found.push(`${file}: ${path}`);
      }
    }
    // As many as a search that works comes across, at least.
    expect(seen).toBeGreaterThan(1500);
    expect(found).toEqual([]);
  });

  test("no file has a task's name as a literal, by which it could tell tasks apart", async () => {
    const literalOf = (names: readonly string[]): RegExp => new RegExp(`["'\`](${names.join("|")})["'\`]`);
    const found: string[] = [];
    for (const file of await listSources()) {
      const lines = (await readFile(join(src, file), "utf8")).split("\n");
      const literal = literalOf(taskNames.filter((name) => name !== ownTaskOf(file)));
      // An example in a comment tells nothing apart.
      const isCode = (line: string): boolean => !/^\s*(\/?\*|\/\/)/.test(line);
      lines.forEach(
        (line, index) => isCode(line) && literal.test(line) && found.push(`${file}:${index + 1}: ${line.trim()}`),
      );
    }
    expect(literalOf(taskNames).test(`if (task === "segment")`)).toBe(true);
    expect(found).toEqual([]);
  });
});

test("every row has its own name, a part for files, and flags", async () => {
  const flags = await loadAllTaskFlags();
  for (const name of taskNames) {
    expect(tasks[name].name).toBe(name);
    expect(Object.keys(await findNodeTask(name)).toSorted()).toEqual([
      "answers",
      "openSamples",
      "readInput",
      "setUp",
      "startTraining",
      "trainOptions",
    ]);
    expect(flags[name].heading).toMatch(/:$/);
  }
});

/** Generous: it ends a hang, nothing else. */
const timeout = 300_000;

describe("a task is one folder, one row and one file of flags: the mean of an image", () => {
  let copy = "";
  const at = (...names: readonly string[]): string => join(copy, ...names);
  const levels = Array.from({ length: 32 }, (_, index) => 20 + Math.round((215 * index) / 31));

  /** Runs the copy's command. */
  function run(...args: readonly string[]): Promise<CommandResult> {
    return new Promise((done) => {
      const child = execFile(process.execPath, [at("dist/cli/main.js"), ...args], { cwd: copy }, (_, stdout, stderr) =>
        done({ code: child.exitCode, stdout, stderr }),
      );
    });
  }

  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), "residua-task-"));
    await cp(join(root, "dist"), at("dist"), {
      recursive: true,
      filter: (path) => !/\.(d\.ts|tsbuildinfo)$/.test(path),
    });
    await cp(join(root, "package.json"), at("package.json"));
    await symlink(join(root, "node_modules"), at("node_modules"));
    await cp(join(root, "test/support/mean-task"), at("dist"), {
      recursive: true,
      errorOnExist: true,
      force: false,
      filter: (path) => !path.endsWith(".ts"),
    });
    await appendFile(at("dist/tasks/table.js"), `export { mean } from "./mean/task.js";\n`);
    await mkdir(at("images"));
    const stream = randomStream(3, "images of a level");
    for (const [index, level] of levels.entries()) {
      const pixels = Uint8Array.from({ length: 256 }, () => Math.max(0, Math.min(255, level + 15 * stream.normal())));
      await sharp(pixels, { raw: { width: 16, height: 16, channels: 1 } })
        .png()
        .toFile(at("images", `${String(index).padStart(2, "0")}.png`));
    }
  }, timeout);
  afterAll(() => rm(copy, { recursive: true, force: true }));

  const train = ["train", "--data", "images", "--image-size", "16", "--model", "resnet8", "--batch-size", "8"];
  const small = [
    "--shortcut",
    "pad",
    "--threads",
    "1",
    "--no-store",
    "--lr",
    "0.02",
    "--epochs",
    "40",
    "--validation",
    "0.1",
  ];

  test("is trained, resumed, judged, asked and reported like any other", { timeout }, async () => {
    const trained = await run(...train, ...small, "--task", "mean", "--out", "trained", "--json");
    expect(trained.code, trained.stderr).toBe(0);
    const result = JSON.parse(trained.stdout);
    expect(result.test.count).toBe(8);
    expect(result.test.measures.closeness).toBeGreaterThan(0.85);
    const resumed = await run("train", "--resume", "trained", "--threads", "1", "--no-store", "--json");
    expect(JSON.parse(resumed.stdout).test).toEqual(result.test);

    const judged = await run("evaluate", "--model", "trained/model.onnx", "--threads", "1");
    expect(JSON.parse(judged.stdout)).toEqual(result.test);
    const asked = await run("predict", "images/04.png", "images/28.png", "--model", "trained/model.onnx", "--percent");
    const [dark, bright] = asked.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).level);
    expect(Math.abs(dark - levels[4] / 2.55)).toBeLessThan(30);
    expect(bright).toBeGreaterThan(dark + 20);
    const reported = await run("report", "trained/model.onnx", "--out", "mean.html", "--no-store");
    expect(reported.stdout).toContain("Mean error 0.000.");
  });

  test("has its help, its settings checked, and its options kept apart from other tasks'", { timeout }, async () => {
    const help = (await run("train", "--help")).stdout;
    expect(help.replaceAll(/\s+/g, " ")).toContain(`"classify", "mean"`);
    expect(help).toMatch(/Mean:\s+--shade/);
    const foreign = [
      [
        ["predict", "images/04.png", "--model", "trained/model.onnx", "--top", "2"],
        "--top: belongs to --task classify",
      ],
      [["evaluate", "--model", "trained/model.onnx", "--held-back"], "--held-back: belongs to --task segment"],
      [[...train, "--task", "mean", "--target", "classes"], "--target: belongs to --task segment, this is --task mean"],
      [
        [...train, "--shade", "dark", "--preset", "cells", "--task", "mean"],
        '--preset: "cells" belongs to --task segment, this is --task mean',
      ],
      [[...train, "--shade", "dark", "--mixup"], "--mixup: applies to classes"],
      [["segment", "images/04.png", "--model", "trained/model.onnx"], "was trained to mean"],
    ] as const;
    for (const [args, message] of foreign) {
      const { stderr, code } = await run(...args);
      expect(stderr).toContain(message);
      expect(code).toBeGreaterThan(0);
    }
    // What was trained for a task of another release is refused by its name.
    const unknown = await runCommand(["predict", at("images/04.png"), "--model", at("trained/model.onnx")], copy);
    expect(unknown).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`has the task "mean", which is not known`),
    });
  });
});
