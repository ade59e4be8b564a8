import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { layers } from "../oxlint.config.mjs";
import { experiments } from "../scripts/experiments.mjs";
import { describeResult } from "../scripts/results-page.mjs";
import { root } from "../scripts/run-residua.mjs";
import { stampTranslation } from "../scripts/translations.mjs";
import { commands } from "../src/cli/commands/index.ts";
import { summarize } from "../src/lab/compare/words.ts";

const read = (path: string): string => readFileSync(`${root}/${path}`, "utf8");

test("ARCHITECTURE.md lists every folder of src/ in the order that lint enforces", () => {
  const listed = Array.from(read("ARCHITECTURE.md").matchAll(/^\| `src\/([a-z]+)\/`/gm), ([, name]) => name);
  const folders = readdirSync(`${root}/src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(new Set(listed)).toEqual(new Set(folders.map(({ name }) => name)));
  expect(listed).toEqual(layers.filter((layer) => listed.includes(layer)));
});

describe.each(["README.md", "README.zh-CN.md"])("the table of commands in %s", (path) => {
  const rows = read(path)
    .split("\n")
    .filter((line) => line.startsWith("| `residua "))
    .map((line) => line.split(" | ")[0]);

  test.each(Object.keys(commands))("names %s", (name) => {
    expect(rows.some((row) => new RegExp(`\`(residua )?${name}\\b`).test(row))).toBe(true);
  });
});

/** Paths in backticks that begin with a folder of the repository; one with a name in capitals is a pattern. */
const pathsIn = (page: string): readonly string[] =>
  Array.from(read(page).matchAll(/`((?:src|test|scripts|docs)\/[\w./-]*)`/g), ([, path]) => path).filter(
    (path) => !/[A-Z]{3}/.test(path.replace("README", "")),
  );

test.each(["ARCHITECTURE.md", "CONTRIBUTING.md"])("%s names no file or folder that is not there", (page) => {
  const paths = pathsIn(page);
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.filter((path) => !existsSync(`${root}/${path}`))).toEqual([]);
});

test("the results page says in both languages what the records hold", () => {
  const all = experiments.map((experiment) => {
    const path = `docs/results/${experiment.name}.json`;
    return { experiment, record: existsSync(`${root}/${path}`) ? JSON.parse(read(path)) : undefined };
  });
  const page = (language: "en" | "zh"): string => describeResult(all, "full", { language, summarize });
  expect(read("docs/results.md")).toBe(page("en"));
  expect(read("docs/results.zh-CN.md")).toBe(stampTranslation(page("zh"), page("en")));
});
