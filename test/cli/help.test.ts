import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { Command, Help } from "commander";
import { expect, test } from "vitest";
import { commands } from "../../src/cli/commands/index.ts";
import { main, runCommand } from "./run.ts";

/** Hooks that write the address of each module that Node loads into a file. */
const recorder = (file: string): string => `
import { appendFileSync } from "node:fs";
import { register } from "node:module";
export async function load(url, context, next) {
  appendFileSync(${JSON.stringify(file)}, url + "\\n");
  return next(url, context);
}
if (!import.meta.url.includes("?hooks")) register(import.meta.url + "?hooks");
`;

/** The modules that a command loads besides Node's own. */
async function modulesOf(...args: readonly string[]): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "residua-modules-"));
  try {
    const [hooks, log] = [join(folder, "hooks.mjs"), join(folder, "log")];
    await writeFile(hooks, recorder(log));
    await promisify(execFile)(process.execPath, ["--import", pathToFileURL(hooks).href, main, ...args]);
    const urls = (await readFile(log, "utf8")).trimEnd().split("\n");
    return urls.filter((url) => url.startsWith("file:"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("help loads the command line's frame and nothing of what the commands do", { timeout: 60_000 }, async () => {
  const found = await modulesOf("--help");
  expect(found.some((url) => url.endsWith("/cli/program.js"))).toBe(true);
  expect(found.filter((url) => /\/(onnx|nn|compile|train|data|weights|store|lab|runtime)\//.test(url))).toEqual([]);
  // 9 when this was written; all commands together are more than 800.
  expect(found.length).toBeLessThan(20);
  expect(found.filter((url) => /\/(cli\/lang|report)\/zh\//.test(url))).toEqual([]);
});

test("options that commands share load no training and no graphs", { timeout: 60_000 }, async () => {
  const found = await modulesOf("keys", "--help");
  // How many threads there may be, and how devices are written, is known without a runtime.
  const works = found.filter((url) => !/\/runtime\/(node\/default-threads|device)\.js$/.test(url));
  expect(works.filter((url) => /\/(onnx|train|data|lab|runtime)\//.test(url))).toEqual([]);
});

test.each(Object.keys(commands))(
  "help of %s loads no database, no files of networks, no decoder of images and no drawing",
  { timeout: 60_000 },
  async (name) => {
    const found = await modulesOf(name, "--help");
    const heavy = /node_modules\/(@bufbuild|onnx-buf|kysely|libsql|sharp|tiff|@observablehq|linkedom|jiti)\//;
    expect(found.filter((url) => heavy.test(url))).toEqual([]);
    // 23 to 252, at 1.3 ms each; 551 to 703 once.
    expect(found.length).toBeLessThan(275);
  },
);

test.each(Object.entries(commands))(
  "help lists %s with the usage that the command itself has",
  async (name, { usage, alias, load }) => {
    const program = new Command();
    (await load())(program);
    const command = program.commands.find((each) => each.name() === name)!;
    const names = alias === undefined ? name : `${name}|${alias}`;
    expect(`${names} ${usage}`.trimEnd()).toBe(new Help().subcommandTerm(command));
    // Its summary stands in the table alone.
    expect(command.description()).toBe("");
  },
);

test("a command's own help has its summary, and a mistyped name is corrected", { timeout: 60_000 }, async () => {
  const folder = tmpdir();
  const help = (await runCommand(["keys", "--help"], folder)).stdout;
  expect(help.replaceAll(/\s+/g, " ")).toContain(commands.keys.summary);
  expect((await runCommand(["trian"], folder)).stderr).toContain("Did you mean train?");
});

test.each([
  ["train --optimizer sgdd", /must be one of sgd, adamw, muon; did you mean sgd\?/],
  ["train --task clasify", /must be one of classify, plates, segment; did you mean classify\?/],
  ["train --data mnits", /must be one of mnist, .*; did you mean mnist\?/],
  ["describe resnet5O", /did you mean .*resnet50.*\? residua models list shows all/],
  ["describe resnet20 --shortcut projct", /did you mean project\?/],
  ["describe resnet20 --option gatebias=1", /did you mean gateBias\? residua models options shows all/],
  ["train --epoch 3", /did you mean --epochs/i],
])("residua %s names what was meant", { timeout: 60_000 }, async (line, meant) => {
  const { code, stderr } = await runCommand(line.split(" "), tmpdir());
  expect([code, stderr]).toEqual([2, expect.stringMatching(meant)]);
});
