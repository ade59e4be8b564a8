import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * onnxruntime-node's script looks for CUDA files on the network, and without it fails the install. npm runs scripts of
 * packages that the lock file marks; npm 11 also obeys `allowScripts` of package.json, which npm 10 does not know.
 */
test("no package's script runs at install: npm install wrote hasInstallScript into the lock file if this fails; take it out", async () => {
  const lock: { readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>> } = JSON.parse(
    await readFile(`${root}/package-lock.json`, "utf8"),
  );
  const marked = Object.entries(lock.packages).filter(([, { hasInstallScript }]) => hasInstallScript);
  expect(marked.map(([path]) => path)).toEqual([]);
  expect(Object.keys(lock.packages)).toContain("node_modules/onnxruntime-node");
});

test("npm knows every setting of the project", async () => {
  const { stderr } = await promisify(execFile)("npm", ["config", "get", "registry"], { cwd: root });
  expect(stderr).not.toMatch(/unknown project config/i);
});
