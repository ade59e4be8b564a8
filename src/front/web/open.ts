import type { PageImage } from "../../data/web/page-image.ts";
import { openNetwork } from "../../networks/open.ts";
import type { KeptNetwork } from "../../networks/trained.ts";
import type { TaskName, TypesOf } from "../../tasks/find-task.ts";
import type { LoadedNetwork } from "../../tasks/loaded-network.ts";
import { findWebTask } from "../../tasks/web/table.ts";
import { EnvironmentError, errorMessage, OptionError } from "../../tensor/errors.ts";
import {
  createNetwork,
  isLabelledImages,
  requireSamples,
  requireSha256,
  samplesOf,
  toReadOptions,
} from "../network.ts";
import { onlyGiven, requireKnown } from "../options.ts";
import { encodeNetwork, formOf } from "../save.ts";
import { openRuntime } from "./runtime.ts";
import type { EvaluationData, FileInput, Network, OpenOptions, SaveOptions } from "./types.ts";

const openOptions = [
  "task",
  "sha256",
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

async function fetchFile(address: string): Promise<Uint8Array> {
  const fail = (what: string, cause?: unknown): never => {
    throw new EnvironmentError(address, what, { cause });
  };
  const response = await fetch(address).catch((error: unknown) =>
    fail(`cannot be fetched: ${errorMessage(error)}`, error),
  );
  if (!response.ok) return fail(`cannot be fetched: the server answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** @throws {EnvironmentError} if the page cannot compute it */
async function hashOf(bytes: Uint8Array): Promise<string> {
  // Pages that were not loaded over HTTPS or from this machine have none.
  if (globalThis.crypto?.subtle === undefined)
    throw new EnvironmentError("sha256", "cannot be checked in a page that was not loaded over HTTPS; leave it out");
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function readFile(
  input: FileInput,
  name: string,
): Promise<{ readonly bytes: Uint8Array; readonly where: string }> {
  if (typeof input === "string" || input instanceof URL)
    return { bytes: await fetchFile(String(input)), where: String(input).replace(/[?#].*$/, "") };
  if (input instanceof Uint8Array) return { bytes: input, where: name };
  if (input instanceof ArrayBuffer) return { bytes: new Uint8Array(input), where: name };
  if (input instanceof Blob) {
    const where = input instanceof File ? input.name : name;
    return { bytes: new Uint8Array(await input.arrayBuffer()), where };
  }
  throw new OptionError("file", "must be a Blob, bytes or an address");
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

/** Opens a network; see `open` of `residua/web`. */
export async function openNetworkFile<Name extends TaskName>(
  input: FileInput,
  options: OpenOptions<Name> = {},
): Promise<Network<Name>> {
  requireKnown("open", options, openOptions);
  const { bytes, where } = await readFile(input, options.name ?? "network");
  if (options.sha256 !== undefined) requireSha256(await hashOf(bytes), options.sha256, where);
  const { runtime, session } = await openRuntime(options);
  const kept = await openNetwork(runtime, bytes, where, { session, ...toReadOptions(options) });
  const openSamples = async (loaded: LoadedNetwork<Name>, data: EvaluationData<Name>) =>
    isLabelledImages(data) ? samplesOf(loaded, data) : requireSamples<Name>(data);
  try {
    const network = createNetwork(kept, where, { readInput: readInput<Name>, openSamples }, options.task);
    return { ...network, save: (name, how) => save(kept, where, name, how) };
  } catch (error) {
    await kept.session.release();
    throw error;
  }
}
