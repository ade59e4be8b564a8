import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stampNetworks } from "../../scripts/ready-networks.mjs";
import { parseReadyIndex, type ReadyNetwork } from "../../src/ready/ready-network.ts";
import { drawnNetwork } from "./plates.ts";

const same = (text: string): { readonly en: string; readonly zh: string } => ({ en: text, zh: text });
const unstamped = { bytes: 1, sha256: "0".repeat(64) };

const pair: ReadyNetwork = {
  name: "plates",
  task: "plates",
  summary: same("Finds and reads nothing."),
  files: {
    locator: { path: "plates-locator.onnx", ...unstamped },
    reader: { path: "plates-reader.onnx", ...unstamped },
  },
  figures: [{ measure: same("whole plates"), value: 0.5, unit: "share", on: same("noise") }],
  data: [{ name: "nothing", licence: "CC0", source: "none" }],
  licence: "Apache-2.0",
  commands: ["residua train --task plates"],
  date: "2026-01-01",
  limits: same("Finds plates in noise."),
};

/** Low enough that a pair with drawn weights takes noise for plates. */
export const looseThreshold = 0.005;

/** Writes a folder of ready networks: a pair for plates with drawn weights, and networks of the package. */
export async function writeReadyPair(folder: string, others: readonly string[] = []): Promise<void> {
  const models = fileURLToPath(new URL("../../models", import.meta.url));
  const { networks } = parseReadyIndex(await readFile(join(models, "index.json"), "utf8"), "index.json");
  const copied = networks.filter(({ name }) => others.includes(name));
  await mkdir(folder, { recursive: true });
  for (const { path } of copied.flatMap(({ files }) => Object.values(files)))
    await cp(join(models, path), join(folder, path));
  await writeFile(join(folder, "plates-locator.onnx"), drawnNetwork("locate"));
  await writeFile(join(folder, "plates-reader.onnx"), drawnNetwork("read"));
  const index = { format: "residua-models-1", networks: [pair, ...copied] };
  await writeFile(join(folder, "index.json"), JSON.stringify(index));
  await stampNetworks(folder);
}
