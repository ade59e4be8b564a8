import type { PageImage } from "../../data/web/page-image.ts";
import { openNetwork } from "../../networks/open.ts";
import type { KeptNetwork } from "../../networks/trained.ts";
import { isBareName } from "../../ready/ready-network.ts";
import { fetchFile, hashOf } from "../../ready/web/fetch.ts";
import { fetchReady } from "../../ready/web/find.ts";
import type { TaskName, TypesOf } from "../../tasks/find-task.ts";
import { type LoadedNetwork, openTogether } from "../../tasks/loaded-network.ts";
import { findWebTask } from "../../tasks/web/table.ts";
import { OptionError } from "../../tensor/errors.ts";
import {
  createNetwork,
  isLabelledImages,
  type OpenedNetwork,
  refuseSaving,
  refuseSha256,
  requireParts,
  requireSamples,
  requireSha256,
  samplesOf,
  toReadOptions,
} from "../network.ts";
import { onlyGiven, requireKnown } from "../options.ts";
import { encodeNetwork, formOf } from "../save.ts";
import { openRuntime } from "./runtime.ts";
import type { EvaluationData, FileInput, Network, NetworkParts, OpenOptions, SaveOptions } from "./types.ts";

const openOptions = [
  "task",
  "sha256",
  "models",
  "threads",
  "device",
  "ort",
  "wasmPaths",
  "wasm",
  "name",
  "model",
  "shortcut",
  "modelOptions",
  "layout",
  "entry",
  "partial",
  "classes",
  "normalization",
  "imageSize",
  "onNote",
] as const satisfies readonly (keyof OpenOptions)[];

/** A file's bytes, and what it is called. */
interface PageFile {
  readonly bytes: Uint8Array;
  readonly where: string;
}

async function readFile(input: FileInput, field: string, name: string): Promise<PageFile> {
  if (typeof input === "string" || input instanceof URL)
    return { bytes: await fetchFile(String(input)), where: String(input).replace(/[?#].*$/, "") };
  if (input instanceof Uint8Array) return { bytes: input, where: name };
  if (input instanceof ArrayBuffer) return { bytes: new Uint8Array(input), where: name };
  if (input instanceof Blob) {
    const where = input instanceof File ? input.name : name;
    return { bytes: new Uint8Array(await input.arrayBuffer()), where };
  }
  throw new OptionError(field, "must be a Blob, bytes or an address");
}

function isPageImage(input: unknown): input is PageImage {
  // Not all of them are there in a worker.
  const kinds = ["Blob", "ImageData", "ImageBitmap", "HTMLCanvasElement", "OffscreenCanvas", "HTMLImageElement"];
  return kinds.some((kind) => {
    const known = (globalThis as Readonly<Record<string, unknown>>)[kind];
    return typeof known === "function" && input instanceof known;
  });
}

async function readInput<Name extends TaskName>(
  { task, card }: LoadedNetwork<Name>,
  input: PageImage | TypesOf<Name>["input"],
): Promise<TypesOf<Name>["input"]> {
  if (!isPageImage(input)) return input;
  return findWebTask(task).readInput(input, card, input instanceof File ? input.name : "image");
}

async function save({ file }: KeptNetwork, where: string, name: string, options: SaveOptions = {}): Promise<File> {
  const form = formOf(name, options);
  const pieces = encodeNetwork(file, form, { where, ...onlyGiven(options) });
  return new File([...pieces] as BlobPart[], name, { type: "application/octet-stream" });
}

const isFileInput = (input: unknown): input is FileInput =>
  typeof input === "string" || [URL, Uint8Array, ArrayBuffer, Blob].some((kind) => input instanceof kind);

/** A network's file; or the files of its parts, by their names. */
type FoundFiles = { readonly file: PageFile } | { readonly parts: Readonly<Record<string, PageFile>> };

/** What is given, fetched; a bare name is a ready network, whose files are checked. */
async function findFiles(
  input: FileInput | NetworkParts,
  { name = "network", models }: OpenOptions,
): Promise<FoundFiles> {
  const isReady = typeof input === "string" && isBareName(input);
  if (models !== undefined && !isReady)
    throw new OptionError("models", "applies to the name of a ready network; leave it out");
  if (!isFileInput(input)) {
    const entries = Object.entries(requireParts(input)).map(
      async ([part, file]) => [part, await readFile(file, part, part)] as const,
    );
    return { parts: Object.fromEntries(await Promise.all(entries)) };
  }
  if (!isReady) return { file: await readFile(input, "file", name) };
  const { network: only, ...parts } = await fetchReady(input, models);
  return only === undefined ? { parts } : { file: only };
}

async function openInput(input: FileInput | NetworkParts, options: OpenOptions): Promise<OpenedNetwork> {
  const { sha256 } = options;
  const found = await findFiles(input, options);
  if ("file" in found && sha256 !== undefined) requireSha256(await hashOf(found.file.bytes), sha256, found.file.where);
  const { runtime, session } = await openRuntime(options);
  const openFile = ({ bytes, where }: PageFile): Promise<KeptNetwork> =>
    openNetwork(runtime, bytes, where, { session, ...toReadOptions(options) });
  if ("file" in found) {
    const kept = await openFile(found.file);
    return { network: kept, where: found.file.where, kept };
  }
  refuseSha256(sha256);
  const where = typeof input === "string" ? input : (options.name ?? "network");
  return { network: await openTogether(found.parts, where, openFile), where };
}

/** Opens a network; see `open` of `residua/web`. */
export async function openNetworkFile<Name extends TaskName>(
  input: FileInput | NetworkParts,
  options: OpenOptions<Name> = {},
): Promise<Network<Name>> {
  requireKnown("open", options, openOptions);
  const { network: opened, where, kept } = await openInput(input, options);
  const openSamples = async (loaded: LoadedNetwork<Name>, data: EvaluationData<Name>) =>
    isLabelledImages(data) ? samplesOf(loaded, data) : requireSamples<Name>(data);
  try {
    const network = createNetwork(opened, where, { readInput: readInput<Name>, openSamples }, options.task);
    const saveOpened: Network<Name>["save"] = async (name, how) =>
      kept === undefined ? refuseSaving(where) : save(kept, where, name, how);
    return { ...network, save: saveOpened };
  } catch (error) {
    await opened.session.release();
    throw error;
  }
}
