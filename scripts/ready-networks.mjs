import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { signArtefact, verifyArtefact } from "../dist/artifacts/node/index.js";
import { openNetworkFile } from "../dist/networks/node/file.js";
import { renderReadyCard } from "../dist/ready/card.js";
import { releaseKeyName } from "../dist/ready/node/index-file.js";
import { parseReadyIndex } from "../dist/ready/ready-network.js";

/** All ready networks together; the package is downloaded by everybody. */
export const mostBytes = 16 * 2 ** 20;

/** @param {string} folder */
const pathOf = (folder) => join(folder, "index.json");
/** @param {string} path */
const hashOf = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");

/**
 * A path in a network's card would tell everybody about the machine that it was made on.
 *
 * @param {string} path
 */
async function refusePlaces(path) {
  const { card } = await openNetworkFile(path);
  const { model: _, classes: __, ...said } = card ?? {};
  const [place] = JSON.stringify(said).match(/"[^"]*[/\\][^"]*"/) ?? [];
  if (place === undefined) return;
  throw new Error(`${path} says ${place}; export it from its checkpoint with --data NAME`);
}

/**
 * Writes the size and the SHA-256 of every file into the index, and the cards that follow from it.
 *
 * @param {string} folder
 */
export async function stampNetworks(folder) {
  const path = pathOf(folder);
  const raw = JSON.parse(readFileSync(path, "utf8"));
  for (const network of raw.networks)
    for (const file of Object.values(network.files)) {
      const own = join(folder, file.path);
      await refusePlaces(own);
      Object.assign(file, { bytes: statSync(own).size, sha256: hashOf(own) });
    }
  const index = parseReadyIndex(JSON.stringify(raw), path);
  const bytes = index.networks.flatMap(({ files }) => Object.values(files)).reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > mostBytes) throw new Error(`${folder} has ${bytes} bytes of networks, must have at most ${mostBytes}`);
  writeFileSync(path, `${JSON.stringify(raw, undefined, 2)}\n`);
  for (const network of index.networks) writeFileSync(join(folder, `${network.name}.md`), renderReadyCard(network));
}

/**
 * Signs the index, by which all files are signed: it has their SHA-256. The public key goes beside it, or must be the one that is
 * there.
 *
 * @param {string} folder
 * @param {string} key path of the private key, which `residua keys NAME` makes and which stays outside the repository
 */
export async function signNetworks(folder, key) {
  const path = pathOf(folder);
  for (const { files } of parseReadyIndex(readFileSync(path, "utf8"), path).networks)
    for (const file of Object.values(files))
      if (hashOf(join(folder, file.path)) !== file.sha256)
        throw new Error(`${join(folder, file.path)} is not the file that the index names; run stamp first`);
  const publicPath = join(folder, releaseKeyName);
  const own = String(createPublicKey(createPrivateKey(readFileSync(key))).export({ type: "spki", format: "pem" }));
  if (existsSync(publicPath) && readFileSync(publicPath, "utf8") !== own)
    throw new Error(
      `${key} does not belong to ${publicPath}; sign with the same key, or delete that file to change it`,
    );
  await signArtefact(path, { key });
  // Whoever installs the package reads it, not only who signed it.
  chmodSync(`${path}.sig`, 0o644);
  writeFileSync(publicPath, own);
  return verifyArtefact(path, { key: publicPath });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { key: { type: "string" } } });
  const folder = resolve(fileURLToPath(new URL("../models", import.meta.url)));
  if (positionals[0] === "stamp") await stampNetworks(folder);
  else if (positionals[0] === "sign" && values.key !== undefined)
    console.log(`signed by ${(await signNetworks(folder, values.key)).signer}`);
  else throw new Error("usage: ready-networks.mjs stamp | sign --key FILE");
}
