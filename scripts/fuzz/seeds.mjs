import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync, zipSync } from "fflate";
import { makeKeyPair, sealArtefact, signArtefact } from "residua/artifacts/node";
import { createModel } from "residua/nn";
import { renderReport } from "residua/report/node";
import { createRunRow, openRunStore, saveRun, toMetricRow } from "residua/store";
import { float32, int64, zeros } from "residua/tensor";
import { encodeCheckpointChunks, exportOnnxChunks } from "residua/train";
import { readCheckpoint } from "residua/train/node";
import { encodeNpy, encodePytorch, encodeSafetensors } from "residua/weights";
import { writeCheckpointFile } from "../../dist/networks/checkpoint-file.js";
import { runStatement } from "../../dist/store/database.js";
import { averagedState, stateShapes, withoutOptimizerState } from "../../dist/networks/card.js";
import { networkMetadata } from "../../dist/networks/notes.js";
import { crc32 } from "../../dist/weights/zip/crc32.js";

/**
 * A file to mutate. `wrap` puts the mutated part into its file, so that the checksums around it hold.
 *
 * @typedef {{ readonly bytes: Uint8Array, readonly wrap?: (mutated: Uint8Array) => Uint8Array }} Seed
 */
/** @typedef {import("residua/tensor").Tensor} Tensor */

const tests = fileURLToPath(new URL("../../test/", import.meta.url));
const text = new TextEncoder();
const joined = (/** @type {readonly Uint8Array[]} */ chunks) => Uint8Array.from(Buffer.concat(chunks));
const encoded = (/** @type {string} */ words) => ({ bytes: text.encode(words) });

/** @param {string} folder @param {(name: string) => boolean} isWanted @returns {Promise<readonly Seed[]>} */
async function filesIn(folder, isWanted) {
  const names = (await readdir(join(tests, folder))).filter(isWanted).toSorted();
  return Promise.all(names.map(async (name) => ({ bytes: await readFile(join(tests, folder, name)) })));
}

/** A trained network and its files in every format that Residua writes. Weights are zeros: what is mutated is structure. */
async function networkSeeds() {
  const { notes, state } = await readCheckpoint(join(tests, "fixtures/formats/classify/last.safetensors"));
  const empty = new Map(Array.from(state, ([name, { shape }]) => [name, zeros("float32", shape)]));
  const own = withoutOptimizerState(averagedState(empty));
  const onnx = joined(exportOnnxChunks(notes.network, own));
  const { module } = createModel("resnet8", { shortcut: "project", channels: 1, classes: 3 });
  // Of a network that is recognised by its names.
  const foreign = new Map(Array.from(stateShapes(module), ([name, shape]) => [name, zeros("float32", shape)]));
  const pth = encodePytorch(foreign);
  const shard = "part-1.safetensors";
  const index = { metadata: {}, weight_map: Object.fromEntries(Array.from(foreign.keys(), (name) => [name, shard])) };
  return {
    files: { [shard]: encodeSafetensors(foreign) },
    seeds: {
      onnx: [{ bytes: onnx }, ...(await filesIn("golden/onnx", (name) => /(^[f-st]|-1[17]).*\.onnx$/.test(name)))],
      safetensors: [
        { bytes: encodeSafetensors(foreign, { format: "pt" }) },
        {
          bytes: encodeSafetensors(own, Object.fromEntries(networkMetadata({ ...notes.network, card: notes.network }))),
        },
      ],
      shards: [encoded(JSON.stringify(index))],
      pth: [{ bytes: pth }, ...(await filesIn("golden/checkpoints", (name) => /\.(pth|pt|th)$/.test(name)))],
      pickle: (await filesIn("golden/checkpoints", (name) => /\.(pth|pt)$/.test(name)))
        .concat({ bytes: pth })
        .flatMap(pickleIn),
      checkpoint: [{ bytes: joined(encodeCheckpointChunks({ notes, state: empty })) }],
      card: [
        {
          ...encoded(JSON.stringify(notes)),
          wrap: (/** @type {Uint8Array} */ changed) =>
            joined(writeCheckpointFile(Buffer.from(changed).toString(), empty)),
        },
      ],
    },
  };
}

/** The program of a zipped checkpoint, to be mutated behind its zip's checksum. @param {Seed} seed @returns {readonly Seed[]} */
function pickleIn({ bytes }) {
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) return [];
  const files = unzipSync(bytes);
  const name = Object.keys(files).find((each) => each.endsWith("data.pkl"));
  if (name === undefined) return [];
  return [{ bytes: files[name], wrap: (changed) => zipSync({ ...files, [name]: changed }, { level: 0 }) }];
}

/** @returns {Promise<readonly Seed[]>} a Keras 3 archive, whole and by its parts */
async function kerasSeeds() {
  const weights = await readFile(join(tests, "golden/checkpoints/keras-3.weights.h5"));
  const layer = (/** @type {string} */ kind, /** @type {string} */ name) => ({
    module: "keras.layers",
    class_name: kind,
    config: { name },
  });
  const layers = [
    layer("Conv2D", "conv1_conv"),
    layer("BatchNormalization", "conv1_bn"),
    layer("Dense", "predictions"),
  ];
  const config = text.encode(JSON.stringify({ class_name: "Functional", config: { name: "resnet", layers } }));
  const pack = (/** @type {Uint8Array} */ settings, /** @type {Uint8Array} */ values) =>
    zipSync({ "metadata.json": text.encode("{}"), "config.json": settings, "model.weights.h5": values }, { level: 0 });
  return [
    { bytes: pack(config, weights) },
    { bytes: config, wrap: (changed) => pack(changed, weights) },
    { bytes: weights, wrap: (changed) => pack(config, changed) },
  ];
}

/** The same file with each chunk's checksum put right. @param {Uint8Array} bytes */
function mendPng(bytes) {
  const out = Buffer.from(bytes);
  for (let at = 8; at + 12 <= out.length;) {
    const end = at + 8 + out.readUInt32BE(at);
    if (end + 4 > out.length) break;
    out.writeUInt32BE(crc32(out.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return Uint8Array.from(out);
}

/** Every kind of picture that is read, as Pillow and tifffile write them. @returns {Promise<Readonly<Record<string, readonly Seed[]>>>} */
async function pictureSeeds() {
  /** @type {{ cases: { name: string, file: string }[], refused: { name: string, file: string }[] }} */
  const golden = JSON.parse(await readFile(join(tests, "golden/images.json"), "utf8"));
  const all = [...golden.cases, ...golden.refused];
  const pick = (/** @type {RegExp} */ pattern) =>
    all.flatMap(({ name, file }) =>
      pattern.test(name) ? [{ bytes: Uint8Array.from(Buffer.from(file, "base64")) }] : [],
    );
  const png = pick(/^png/);
  return {
    png: [...png, ...png.map(({ bytes }) => ({ bytes, wrap: mendPng }))],
    jpeg: pick(/^jpeg/),
    tiff: pick(/^tiff/),
    bmp: pick(/^bmp/),
    gif: pick(/^gif/),
    webp: pick(/^webp/),
    avif: pick(/^avif/),
    pnm: pick(/^p[bgp]m/),
  };
}

/** @returns {readonly Seed[]} */
function reportSeeds() {
  const words = (/** @type {string} */ en) => ({ en, zh: "字" });
  const axis = { label: words("step") };
  const page = renderReport({
    title: words("A report"),
    lead: [words("A sentence.")],
    opening: [{ kind: "badges", badges: [{ tone: "good", label: words("fine") }] }],
    sections: [
      {
        heading: words("Figures"),
        parts: [
          { kind: "text", text: words("text") },
          {
            kind: "lines",
            name: "loss",
            caption: words("loss"),
            x: axis,
            y: { label: words("loss"), scale: "log" },
            series: [{ name: "a", points: [1, 2, 3].map((x) => ({ x, y: 1 / x })) }],
          },
          {
            kind: "drawing",
            name: "drawing",
            caption: words("a drawing"),
            svg: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g transform="scale(2)"><rect x="1" y="1" width="3" height="3" fill="#123"/><text x="1" y="8">t</text></g></svg>',
          },
        ],
      },
    ],
  });
  const start = page.indexOf('<script type="application/json" id="report">');
  const end = page.indexOf("</script>", start) + "</script>".length;
  const head = text.encode(page.slice(0, start));
  const tail = text.encode(page.slice(end));
  const data = encoded(page.slice(start, end));
  return [data, { ...data, wrap: (changed) => joined([head, changed, tail]) }];
}

/** Two runs as a training records them. @param {string} folder @returns {Promise<readonly Seed[]>} */
async function storeSeeds(folder) {
  const path = join(folder, "runs.db");
  const store = await openRunStore({ kind: "sqlite", path });
  for (const [index, name] of ["one", "two"].entries()) {
    const start = { command: "train", name, config: { epochs: 3 }, seed: 0, code: {}, environment: {} };
    const made = createRunRow(start, 1.7e12);
    const run = { ...made, id: `a000000${index}`, host: "here", process: "1" };
    const metrics = [1, 2, 3].map((step) => toMetricRow(run.id, { name: "loss", step, epoch: 1, value: 1 / step }));
    await saveRun(store, {
      run: { ...run, status: "done", ended_at: 1.7e12 + 5, result: "{}" },
      metrics,
      artifacts: [],
    });
  }
  // Out of the log beside the file, into the file that is mutated.
  await runStatement(store.database, "pragma wal_checkpoint(truncate)");
  await store.close();
  return [{ bytes: await readFile(path) }];
}

/** Keys, a signature and a sealed file; what is not mutated lies in the folder. @param {string} folder */
async function artefactSeeds(folder) {
  const message = join(folder, "message.txt");
  await writeFile(message, "what is signed and sealed\n");
  const signing = await makeKeyPair(join(folder, "anna"), "sign");
  const sealing = await makeKeyPair(join(folder, "anna"), "seal");
  await signArtefact(message, { key: signing.secret, provenance: { model: "resnet8" } });
  await sealArtefact(message, { recipient: sealing.public, out: `${message}.age` });
  const seed = async (/** @type {string} */ path) => [{ bytes: await readFile(path) }];
  return {
    signature: await seed(`${message}.sig`),
    "signing key": await seed(signing.public),
    age: [
      ...(await seed(`${message}.age`)),
      ...(await filesIn("fixtures/formats/artifacts", (name) => name.endsWith(".sealed"))),
    ],
    "sealing key": await seed(sealing.secret),
  };
}

/** @returns {Readonly<Record<string, readonly Seed[]>>} */
function tableSeeds() {
  const config = {
    compare: {
      depth: [8, 14],
      shortcut: ["pad"],
      seeds: 2,
      lr: 0.1,
      axes: { learningRate: [0.1] },
      recipe: { epochs: 2 },
    },
  };
  const idx = Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 4, ...Array(32).fill(7)]);
  return {
    npy: [float32([2, 3], [1, 2, 3, 4, 5, 6]), int64([3], [1, 2, 3]), zeros("bool", [0, 2])].map((value) => ({
      bytes: encodeNpy(value),
    })),
    config: [encoded(`export default ${JSON.stringify(config)};\n`)],
    idx: [{ bytes: idx }],
    cifar: [{ bytes: new Uint8Array(2 * 3073).fill(3) }],
  };
}

/**
 * Files of every format, most of them written here and now by Residua's own writers; pictures and Keras's by the programs that
 * people use.
 *
 * @param {string} folder for what the readers need beside the mutated file
 * @returns {Promise<Readonly<Record<string, readonly Seed[]>>>}
 */
export async function makeSeeds(folder) {
  await mkdir(folder, { recursive: true });
  const { seeds, files } = await networkSeeds();
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  await cp(join(tests, "golden/onnx/external.bin"), join(folder, "external.bin"));
  const tables = tableSeeds();
  return {
    ...seeds,
    "keras h5": await filesIn("golden/checkpoints", (name) => name.endsWith(".h5")),
    keras: await kerasSeeds(),
    ...tables,
    npy: [...tables.npy, ...(await filesIn("golden/arrays", (name) => name.endsWith(".npy")))],
    ...(await pictureSeeds()),
    report: reportSeeds(),
    store: await storeSeeds(folder),
    ...(await artefactSeeds(folder)),
  };
}
