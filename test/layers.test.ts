import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Fixture {
  readonly path: string;
  readonly code: string;
  /** The rule that must refuse the file; none if it is allowed. */
  readonly refusedBy?: string;
}

const restrictedImports = "eslint(no-restricted-imports)";
const restrictedGlobals = "eslint(no-restricted-globals)";

const fixtures: Readonly<Record<string, Fixture>> = {
  "a layer may import from the one before it": {
    path: "src/onnx/below.ts",
    code: `export { base } from "../tensor/base.ts";`,
  },
  "a layer may not import from the one after it": {
    path: "src/tensor/above.ts",
    code: `export { below } from "../onnx/below.ts";`,
    refusedBy: restrictedImports,
  },
  "a nested file may not import from a later layer": {
    path: "src/nn/families/above.ts",
    code: `import type { loop } from "../../train/index.ts";\nexport type Loop = typeof loop;`,
    refusedBy: restrictedImports,
  },
  "a layer may not import the package by its own name": {
    path: "src/lab/entry.ts",
    code: `export { base } from "residua/tensor";`,
    refusedBy: restrictedImports,
  },
  "a Node file is bound by the layers too": {
    path: "src/data/node/above.ts",
    code: `export { loop } from "../../train/index.ts";`,
    refusedBy: restrictedImports,
  },
  "a Node file may use Node's modules and globals": {
    path: "src/data/node/file.ts",
    code: `import { readFileSync } from "node:fs";\nexport const text: string = readFileSync(process.argv[2] ?? "", "utf8");`,
  },
  "the core may not import a Node module": {
    path: "src/compile/file.ts",
    code: `export { readFileSync } from "node:fs";`,
    refusedBy: "import(no-nodejs-modules)",
  },
  "the core may not import a Node file": {
    path: "src/train/adapter.ts",
    code: `export { runtime } from "../runtime/node.ts";`,
    refusedBy: restrictedImports,
  },
  "the core may not import a package that needs Node": {
    path: "src/runtime/adapter.ts",
    code: `export { InferenceSession } from "onnxruntime-node";`,
    refusedBy: restrictedImports,
  },
  "the core may not use a global of Node": {
    path: "src/weights/buffer.ts",
    code: `export const size: number = Buffer.from("residua").length;`,
    refusedBy: restrictedGlobals,
  },
  "the core may not use a global of the DOM": {
    path: "src/weights/title.ts",
    code: `export const title: string = document.title;`,
    refusedBy: restrictedGlobals,
  },
  "a web file may not import a Node module": {
    path: "src/runtime/web.ts",
    code: `export { readFileSync } from "node:fs";`,
    refusedBy: "import(no-nodejs-modules)",
  },
  "modules may not import each other in a circle": {
    path: "src/nn/left.ts",
    code: `export { right } from "./right.ts";\nexport const left = 1;`,
    refusedBy: "import(no-cycle)",
  },
  "modules may not import each other's types in a circle": {
    path: "src/nn/above-types.ts",
    code: `import type { Below } from "./below-types.ts";\nexport interface Above {\n  readonly below: Below;\n}`,
    refusedBy: "import(no-cycle)",
  },
  "an error may not name a flag": {
    path: "src/nn/flag.ts",
    code: `export const error: Error = new Error("--model: is missing");`,
    refusedBy: "residua(no-flags)",
  },
  "nor may a sentence with values in it": {
    path: "src/nn/flag-in-sentence.ts",
    code: "export const tell = (model: string): string => `leave ${model} out, or say it with --weights`;",
    refusedBy: "residua(no-flags)",
  },
  "a field may be named, and another program be given flags": {
    path: "src/nn/no-flag.ts",
    code: 'export const words: readonly string[] = ["--expose-gc", ...("leave `model` out -- please".split(" "))];',
  },
  "the command line names flags": {
    path: "src/cli/flag.ts",
    code: `export const error: Error = new Error("--model: is missing");`,
  },
  "an explicit any is refused": {
    path: "src/nn/any.ts",
    code: `export const value: any = 1;`,
    refusedBy: "typescript(no-explicit-any)",
  },
  "a promise may not be dropped, which takes types to see": {
    path: "src/nn/promise.ts",
    code: `export function start(): void {\n  Promise.resolve(1);\n}`,
    refusedBy: "typescript(no-floating-promises)",
  },
  "unseeded randomness is refused": {
    path: "src/nn/random.ts",
    code: `export const value: number = Math.random();`,
    refusedBy: "eslint(no-restricted-properties)",
  },
};

/** What the fixtures import. */
const support: Readonly<Record<string, string>> = {
  "tsconfig.json": `{ "compilerOptions": { "module": "nodenext", "strict": true, "allowImportingTsExtensions": true, "noEmit": true } }`,
  "src/tensor/base.ts": `export const base = 1;`,
  "src/nn/right.ts": `export { left } from "./left.ts";\nexport const right = 1;`,
  "src/nn/below-types.ts": `import type { Above } from "./above-types.ts";\nexport interface Below {\n  readonly above: Above;\n}`,
  "src/runtime/node.ts": `export const runtime = 1;`,
  "src/train/index.ts": `export const loop = 1;`,
};

let folder = "";
let refusals: readonly { readonly code: string; readonly filename: string }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-layers-"));
  const files = { ...support, ...Object.fromEntries(Object.values(fixtures).map(({ path, code }) => [path, code])) };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), `${text}\n`);
  }
  await mkdir(join(folder, "scripts"));
  for (const path of ["oxlint.config.mjs", "scripts/lint-rules.mjs"])
    await copyFile(join(root, path), join(folder, path));
  refusals = await lintFolder(folder);
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

async function lintFolder(cwd: string): Promise<typeof refusals> {
  const oxlint = join(root, "node_modules/oxlint/bin/oxlint");
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [oxlint, "-c", "oxlint.config.mjs", "-f", "json"], { cwd }, (_, stdout) =>
      resolve(stdout),
    );
  });
  return JSON.parse(output).diagnostics;
}

test.each(Object.entries(fixtures))("%s", (_, { path, refusedBy }) => {
  const rules = refusals.filter(({ filename }) => filename === path).map(({ code }) => code);
  expect(rules).toEqual(refusedBy === undefined ? [] : [refusedBy]);
});
