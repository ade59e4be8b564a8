import { Option } from "commander";
import type { ShortcutType } from "../nn/shortcuts/type.ts";
import type { TrainedNetwork } from "../networks/open.ts";
import type { Device } from "../runtime/device.ts";
import { describeFigure } from "../ready/card.ts";
import type { CheckedFile, CheckedNetwork } from "../ready/node/find.ts";
import { foreignChoiceOf, type ForeignOptions } from "./foreign-options.ts";
import { onlyGiven } from "./options.ts";
import { say } from "./output.ts";
import { openOptionsOf, type WeightsOptions } from "./weights-options.ts";

/** Options of commands that load a trained network. */
export interface ModelFileOptions extends WeightsOptions, ForeignOptions {
  readonly shortcut?: ShortcutType;
  readonly threads?: number;
  readonly device?: Device;
  readonly trustedKey?: string;
}

/** Which ready network was used, as `--json` tells. */
export interface ReadyUse {
  readonly name: string;
  /** Of its file; of each of its files by their parts, if it has several. */
  readonly sha256: string | Readonly<Record<string, string>>;
  /** Fingerprint of the key that signed the index of ready networks; null if it is not signed. */
  readonly signer: string | null;
}

/** A network that a command works with. */
export interface OpenedModel {
  /** What it is called: its file, or a ready network's name. */
  readonly model: string;
  readonly network: TrainedNetwork;
  readonly ready?: ReadyUse;
}

/** Requires a valid signature before a network is loaded. */
export function trustedKeyOption(): Option {
  return new Option(
    "--trusted-key <file>",
    "load the model only if the signature beside it was made with this key's private half",
  );
}

/** Help needs none of these. */
const loadFinder = () => import("../ready/node/find.ts");
const loadOpener = () => import("../networks/node/open.ts");
const loadDeviceCheck = () => import("../runtime/node/devices/require-device.ts");

/** Names of the ready networks that one file holds, for sentences about commands that take one. */
export async function listReadyNames(): Promise<string> {
  const { openReadyIndex } = await import("../ready/node/index-file.ts");
  const { index } = await openReadyIndex();
  return index.networks.flatMap(({ name, files }) => ("network" in files ? [name] : [])).join(", ");
}

/** Says in one line which network a command chose itself. */
export function sayChosen({ network }: CheckedNetwork): void {
  const [figure] = network.figures;
  const tell = (language: "en" | "zh", start: string, mark: string): string =>
    `${start}${figure === undefined ? "" : `${mark}${describeFigure(figure, language)}`}`;
  const { name } = network;
  say({ en: tell("en", `network: ${name}, a ready one`, ": "), zh: tell("zh", `网络：现成的 ${name}`, "：") });
}

/**
 * Opens a trained network: a file, or a ready network by its name. With a trusted key, loads exactly the bytes whose signature
 * was verified; of a ready network, its index must be signed with that key.
 */
export async function openModelFile(model: string, options: ModelFileOptions, field = "model"): Promise<OpenedModel> {
  const { trustedKey: key } = options;
  const { findNetwork } = await loadFinder();
  const found = await findNetwork(model, field, onlyGiven({ key }));
  if (found.kind === "ready") return openReady(found.ready, options);
  const { session, how } = await readingOf(options);
  const { openTrainedBytes, openTrainedNetwork } = await loadOpener();
  if (key === undefined) return { model, network: await openTrainedNetwork(found.path, session, how) };
  const { readVerified } = await import("../artifacts/node/signature.ts");
  const bytes = await readVerified(found.path, { key });
  return { model, network: await openTrainedBytes({ bytes, path: found.path }, session, how) };
}

/** Opens what is given, or the ready network for the task, which is said. */
export async function openModelOrReady(
  model: string | undefined,
  task: string,
  options: ModelFileOptions,
): Promise<OpenedModel> {
  if (model !== undefined) return openModelFile(model, options);
  const { openStandardReady } = await loadFinder();
  const ready = await openStandardReady(task, "model", onlyGiven({ key: options.trustedKey }));
  sayChosen(ready);
  return openReady(ready, options);
}

/** Opens the network that does the whole task; those that do a part each are joined. */
async function openReady(ready: CheckedNetwork, options: ModelFileOptions): Promise<OpenedModel> {
  const { network: only } = ready.files;
  if (only !== undefined) return openReadyFile(ready, only, options);
  const {
    network: { name },
    files,
    signer,
  } = ready;
  const { openTogether } = await import("../tasks/loaded-network.ts");
  const network = await openTogether(files, name, async (file) => (await openReadyFile(ready, file, options)).network);
  const sha256 = Object.fromEntries(Object.entries(files).map(([part, file]) => [part, file.sha256]));
  return { model: name, network, ready: { name, sha256, signer } };
}

/** Opens one of a ready network's files. */
export async function openReadyFile(
  { network: { name }, signer }: CheckedNetwork,
  { bytes, path, sha256 }: CheckedFile,
  options: ModelFileOptions,
): Promise<OpenedModel> {
  const { session, how } = await readingOf(options);
  const { openTrainedBytes } = await loadOpener();
  const network = await openTrainedBytes({ bytes, path }, session, how);
  return { model: name, network, ready: { name, sha256, signer } };
}

async function readingOf(options: ModelFileOptions) {
  const { threads, timeLimit, device } = options;
  const foreign = await foreignChoiceOf(options);
  if (device !== undefined) await (await loadDeviceCheck()).requireDevice(device);
  return {
    session: onlyGiven({ threads }),
    how: { ...openOptionsOf(options), ...onlyGiven({ foreign, timeLimit, device }) },
  };
}
