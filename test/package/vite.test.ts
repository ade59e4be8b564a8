import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { pagePackages, residua } from "../../src/front/node/vite.ts";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));
const imports =
  /^\s*(?:import|export)\s[^"';]*?from\s*"([^"]+)"|import\(\s*"([^"]+)"\s*\)|new URL\("([^"]+)", import\.meta\.url\)/gm;

/** The packages that built modules import, in whatever they import and in the workers that they start. */
function packagesOf(entries: readonly string[]): readonly string[] {
  const [seen, found, open] = [new Set<string>(), new Set<string>(), entries.map((entry) => resolve(dist, entry))];
  for (const file of open) {
    if (seen.has(file) || !existsSync(file)) continue;
    seen.add(file);
    const code = readFileSync(file, "utf8").replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, "");
    for (const [, fixed, later, address] of code.matchAll(imports)) {
      const name = fixed ?? later ?? address;
      if (name.startsWith(".")) open.push(resolve(dirname(file), name));
      else if (!name.startsWith("onnxruntime-web/")) found.add(name);
    }
  }
  return [...found].toSorted();
}

test("the plugin bundles beforehand exactly what the modules for pages import", () => {
  const pages = ["web.js", "index.js", "tasks/web/index.js", "train/web/index.js", "lab/index.js", "report/index.js"];
  expect(packagesOf(pages)).toEqual(pagePackages.toSorted());
});

test("the headers that threads need can be left out", () => {
  expect(residua().config()).toMatchObject({
    server: { headers: { "Cross-Origin-Opener-Policy": "same-origin" } },
    optimizeDeps: { include: expect.arrayContaining(["residua > pickleparser"]) },
  });
  expect(residua({ isolated: false }).config()).not.toHaveProperty("server");
});
