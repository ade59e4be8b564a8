import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const built = new URL("../../dist/", import.meta.url);

/** The packages of CommonJS that importing a module loads, and that using it does. @param use an expression of `it`, the module */
async function packagesOf(module: string, use = ""): Promise<readonly string[]> {
  const script = `
    import { createRequire } from "node:module";
    const it = await import(${JSON.stringify(new URL(module, built).href)});
    ${use};
    const files = Object.keys(createRequire(${JSON.stringify(fileURLToPath(built))}).cache);
    console.log(JSON.stringify(files.map((file) => /node_modules.((?:@[^/\\\\]+.)?[^/\\\\]+)/.exec(file)?.[1])));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  return JSON.parse(stdout);
}

test("importing the front door loads neither ONNX Runtime nor the decoder of images", async () => {
  expect(await packagesOf("runtime/node.js")).not.toContain("onnxruntime-node");
  expect(await packagesOf("runtime/node.js", "it.createNodeRuntime()")).toContain("onnxruntime-node");
  expect(await packagesOf("data/node/index.js")).not.toContain("sharp");
  expect(await packagesOf("data/node/index.js", 'await import("sharp")')).toContain("sharp");
  // Small, and what says "did you mean".
  expect(await packagesOf("node.js")).toEqual(["fastest-levenshtein"]);
});
