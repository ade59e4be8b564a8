import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { expect, test } from "vitest";
import { commands } from "../src/cli/commands/index.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const pages = [
  ...readdirSync(root).filter((name) => name.startsWith("README")),
  ...readdirSync(join(root, "docs"), { recursive: true })
    .map((name) => join("docs", String(name)))
    .filter((name) => name.endsWith(".md")),
];

/** Every command with its flags; those of commands under it count as its own. */
async function flagsByCommand(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = new Map<string, ReadonlySet<string>>();
  for (const [name, { alias, load }] of Object.entries(commands)) {
    const program = new Command();
    (await load())(program);
    const own = program.commands.filter((command) => command.name() === name);
    const options = [...own, ...own.flatMap((command) => command.commands)].flatMap((command) => command.options);
    const flags = new Set(["--help", "--version", "--lang", ...options.flatMap(({ long }) => long ?? [])]);
    for (const each of [name, ...(alias === undefined ? [] : [alias])]) found.set(each, flags);
  }
  return found;
}

interface Mention {
  readonly page: string;
  /** Undefined for a flag that stands alone. */
  readonly command?: string;
  readonly flag: string;
}

/** Flags in code: those of a command line with the command, others alone. */
function mentionsIn(page: string): readonly Mention[] {
  const text = readFileSync(join(root, page), "utf8").replaceAll(/\\\n\s*/g, " ");
  const codes = [...text.matchAll(/^```[a-z]*\n([\s\S]*?)^```|`([^`\n]+)`/gm)].map(([, block, span]) => block ?? span);
  return codes.flatMap((code) =>
    code.split("\n").flatMap((line) => {
      const [, command, rest] = /(?:^|[\s$])residua ([a-z]+(?:-[a-z]+)*)\b([^#|]*)/.exec(line) ?? [];
      const isFlag = /^--[a-z]/.test(line);
      const flags = (rest ?? (isFlag ? line : "")).match(/(?<=^|\s)--[a-z][a-z-]*/g) ?? [];
      return flags.map((flag): Mention => ({ page, flag, ...(command === undefined ? {} : { command }) }));
    }),
  );
}

/** Flags of scripts of the repository, of Chromium and of Open MPI that the pages speak of. */
const foreign: ReadonlySet<string> = new Set([
  "--minutes",
  "--arms",
  "--only",
  "--python",
  "--js-flags",
  "--mca",
  "--use-webgpu-adapter",
]);

test("every flag that README and docs give a command is one of its options, and any other is of some command", async () => {
  const known = await flagsByCommand();
  const all = new Set([...known.values()].flatMap((flags) => [...flags]));
  const mentions = pages.flatMap(mentionsIn);
  expect(mentions.filter(({ command }) => command !== undefined).length).toBeGreaterThan(100);
  const wrong = mentions.filter(({ command, flag }) =>
    command === undefined ? !all.has(flag) && !foreign.has(flag) : known.get(command)?.has(flag) !== true,
  );
  expect(wrong).toEqual([]);
});
