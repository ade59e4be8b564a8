import { join } from "node:path";
import * as artifacts from "residua/artifacts/node";
import { readImage, decodeImage } from "residua/data/node";
import { decodeCifar, decodeIdx } from "residua/data";
import { decodeReport } from "residua/report/node";
import { describeNetwork, reportWeights } from "residua/train";
import { openNetworkFile, readCheckpoint } from "residua/train/node";
import { readNpy, readWeightsFile } from "residua/weights/node";
import { open } from "residua/node";
import { readTextFile, readFileBytes } from "../../dist/files/node.js";
import { loadProjectConfig } from "../../dist/lab/compare/node/project-config.js";
import { readShards } from "../../dist/weights/node/sharded.js";
import { exportCsv, exportJson, listRuns, openRunStore } from "residua/store";

/** @typedef {(path: string, folder: string) => Promise<unknown>} Reader reads a file as the commands do */

/** Weights as `inspect` and `describe` read them. @param {string} path */
async function readWeights(path) {
  const weights = await readWeightsFile(path);
  reportWeights(weights, path);
  describeNetwork(await openNetworkFile(path));
}

/** A network as `describe` reads it, and as `predict` opens it. @param {string} path */
async function readNetwork(path) {
  describeNetwork(await openNetworkFile(path));
  await (await open(path, { threads: 1, onNote: () => undefined })).release();
}

/** A picture as measured, and as a classifier takes it. @param {string} path */
async function readPicture(path) {
  await readImage(path);
  await decodeImage(path, { channels: 3, height: 32, width: 32 });
}

/** @param {AsyncIterable<unknown>} pieces */
async function exhaust(pieces) {
  for await (const _ of pieces);
}

/** The runs of a store, as `runs list` and `runs export` read them. @param {string} path */
async function readStore(path) {
  const store = await openRunStore({ kind: "sqlite", path });
  try {
    const runs = await listRuns(store, {}, () => undefined);
    await exhaust(exportCsv(store, runs));
    await exhaust(exportJson(store, runs));
  } finally {
    await store.close();
  }
}

/** How each format is read. @type {Readonly<Record<string, Reader>>} */
export const readers = {
  onnx: readNetwork,
  safetensors: readWeights,
  shards: (path) => readShards(path),
  pth: readWeights,
  pickle: (path) => readWeightsFile(path),
  "keras h5": (path) => readWeightsFile(path),
  keras: (path) => readWeightsFile(path),
  npy: (path) => readNpy(path),
  checkpoint: (path) => readCheckpoint(path),
  card: async (path) => {
    await readCheckpoint(path);
    await readNetwork(path);
  },
  png: readPicture,
  jpeg: readPicture,
  tiff: readPicture,
  bmp: readPicture,
  gif: readPicture,
  webp: readPicture,
  avif: readPicture,
  pnm: readPicture,
  report: async (path) => decodeReport(await readTextFile(path), path),
  store: readStore,
  signature: (path, folder) =>
    artifacts.verifyArtefact(join(folder, "message.txt"), { key: join(folder, "anna-sign.pub"), signature: path }),
  "signing key": (path, folder) =>
    artifacts.verifyArtefact(join(folder, "message.txt"), { key: path, signature: join(folder, "message.txt.sig") }),
  age: (path, folder) =>
    artifacts.unsealArtefact(path, { key: join(folder, "anna-seal.key"), out: join(folder, "unsealed") }),
  "sealing key": (path, folder) =>
    artifacts.unsealArtefact(join(folder, "message.txt.age"), { key: path, out: join(folder, "unsealed") }),
  config: (path, folder) => loadProjectConfig(folder, path),
  idx: async (path) => decodeIdx(await readFileBytes(path), path),
  cifar: async (path) => decodeCifar(await readFileBytes(path), 1, path),
};
