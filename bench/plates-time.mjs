// What finding and reading the plates of a picture takes with the ready networks, one thread, in Node and in Chromium, taking turns: from
// the file's bytes to the plates, milliseconds, of all pictures of a folder whose longest side is at least 640. Run:
// npm run build && node bench/plates-time.mjs FOLDER [PICTURES]
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { listPlates, readPixels } from "residua/tasks/node";
import { createServer } from "vite";
import { residua } from "../dist/front/node/vite.js";
import { open } from "../dist/node.js";
import { findChromium } from "../scripts/chromium.mjs";

const [folder, most = "60"] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: node bench/plates-time.mjs FOLDER [PICTURES]");
const root = fileURLToPath(new URL("..", import.meta.url));

/** @type {string[]} */
const paths = [];
for (const { path } of await listPlates(folder)) {
  const { width, height } = await readPixels(path);
  if (Math.max(width, height) >= 640) paths.push(path);
  if (paths.length === Number(most)) break;
}
if (paths.length === 0) throw new Error(`${folder} has no picture of 640 pixels or more`);

const server = await createServer({
  configFile: false,
  root: join(root, "examples/ready-page"),
  cacheDir: join(root, "node_modules/.vite-plates-time"),
  logLevel: "error",
  plugins: [residua({ models: ["plates"] })],
  resolve: { alias: { "residua/web": join(root, "dist/web.js") } },
  server: { fs: { allow: [root] } },
});
await server.listen();
const executablePath = findChromium();
const browser = await chromium.launch({
  args: ["--no-sandbox"],
  ...(executablePath === undefined ? {} : { executablePath }),
});
const page = await browser.newPage();
page.setDefaultTimeout(300_000);
await page.goto(server.resolvedUrls?.local[0] ?? "");
await page.addScriptTag({
  type: "module",
  content: `import { open } from "/@fs${join(root, "dist/web.js")}"; globalThis.network = await open("plates", { task: "plates", threads: 1 });`,
});
await page.waitForFunction(() => "network" in globalThis);

/** @param {Uint8Array} bytes */
const inPage = (bytes) =>
  page.evaluate(async (encoded) => {
    const file = new Blob([Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0))]);
    // @ts-expect-error put there by the script above
    const { network } = globalThis;
    const begun = performance.now();
    const { plates } = await network.predict(file);
    return { taken: performance.now() - begun, plates: plates.map((/** @type {{ text: string }} */ { text }) => text) };
  }, Buffer.from(bytes).toString("base64"));

const network = await open("plates", { task: "plates", threads: 1 });
/** @param {Uint8Array} bytes */
async function inNode(bytes) {
  const begun = performance.now();
  const found = await network.predict(bytes);
  const taken = performance.now() - begun;
  if (found.part !== "both") throw new Error("the ready networks locate and read");
  return { taken, plates: found.plates.map(({ text }) => text) };
}

/** @type {Record<"node" | "chromium", number[]>} */
const times = { node: [], chromium: [] };
let differ = 0;
for (const [turn, path] of [paths[0], ...paths].entries()) {
  const bytes = await readFile(path);
  const [node, chromiums] = [await inNode(bytes), await inPage(bytes)];
  // The first warms both up.
  if (turn === 0) continue;
  times.node.push(node.taken);
  times.chromium.push(chromiums.taken);
  if (node.plates.join() !== chromiums.plates.join()) differ++;
}
/** @param {readonly number[]} values @param {number} share */
const quantile = (values, share) =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))]);
for (const [where, values] of Object.entries(times))
  console.log(`${where}: median ${quantile(values, 0.5)} ms, 90th percentile ${quantile(values, 0.9)} ms`);
console.log(
  `${paths.length} pictures; texts differ in ${differ}; onnxruntime-node ${createRequire(import.meta.url)("onnxruntime-node/package.json").version}, Chromium ${browser.version()}`,
);
await browser.close();
await server.close();
