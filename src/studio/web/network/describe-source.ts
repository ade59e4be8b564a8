import { decodeNetworkFile, type NetworkFile } from "../../../networks/file.ts";
import { describableGraph, describableModule, type DescribableGraph } from "../../../networks/describe.ts";
import { createModel, findModelPlan, modelNames } from "../../../nn/models.ts";
import type { ShortcutType } from "../../../nn/shortcuts/type.ts";
import { FormatError, UnsupportedError } from "../../../tensor/errors.ts";
import { looksLikeHdf5 } from "../../../weights/keras-file.ts";
import { refuseSize } from "../../pictures/image-limits.ts";
import { type Compared, compareNetworks } from "./compare-networks.ts";
import type {
  DescribeInput,
  Described,
  NetworkSource,
  NetworkView,
  SignatureFiles,
  SignatureView,
} from "./describe-job.ts";
import { aboutFile, aboutGraph, aboutNetwork, type Fact } from "./facts.ts";
import { findSource, listReady, type NamedSource } from "./find-source.ts";
import { viewSignature } from "./signature.ts";
import { viewGraph } from "./view-graph.ts";

/** The largest file that a page reads. */
const mostBytes = 2 ** 30;

/** A network, ready to be shown. */
interface Opened {
  readonly name: string;
  readonly prepared: DescribableGraph;
  readonly facts: readonly Fact[];
  /** Left out for a network by its name. */
  readonly network?: NetworkFile;
  /** The file's. */
  readonly bytes?: Uint8Array;
  readonly shortcuts: readonly ShortcutType[];
}

/**
 * Reads a network out of a file.
 *
 * @throws {FormatError} if the file is damaged, too large, or holds no network
 * @throws {WeightsError} if it holds weights of no known network
 */
export async function readNetwork(file: File): Promise<{ readonly bytes: Uint8Array; readonly network: NetworkFile }> {
  const { name } = file;
  const large = refuseSize(file.size, mostBytes);
  if (large !== undefined) throw new FormatError(name, `is too large: ${(large as { readonly en: string }).en}`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (looksLikeHdf5(bytes))
    throw new UnsupportedError(
      name,
      "is HDF5, which a page does not read; convert it first: residua export model.h5 --to onnx",
    );
  return { bytes, network: await decodeNetworkFile(bytes, name) };
}

async function openFile(file: File, size: number | undefined): Promise<Opened> {
  const { name } = file;
  const { bytes, network } = await readNetwork(file);
  const prepared = describableGraph(network, size === undefined ? {} : { size });
  const facts = [...(await aboutFile(bytes, network)), ...aboutNetwork(network)];
  return { name, prepared, facts, network, bytes, shortcuts: [] };
}

function openNamed({ model: name, shortcut }: NamedSource, size: number | undefined): Opened {
  const model = createModel(name, shortcut === undefined ? {} : { shortcut });
  const [channels, ...extents] = model.imageShape;
  const imageShape = [channels, ...extents.map((extent) => size ?? extent)];
  const { defaults, shortcuts } = findModelPlan(name).plan;
  return {
    name,
    prepared: describableModule(model.module, imageShape),
    facts: aboutNetwork({ model }),
    shortcuts: [defaults.shortcut, ...shortcuts.filter((type) => type !== defaults.shortcut)],
  };
}

/** Opens a network, and lays it out to be shown. */
async function openView(
  source: NetworkSource,
  { models, size }: DescribeInput,
): Promise<Compared & Pick<Opened, "shortcuts" | "bytes">> {
  const found = await findSource(source, models);
  const opened = found.kind === "file" ? await openFile(found.file, size) : openNamed(found, size);
  const { name, prepared, facts, network, bytes, shortcuts } = opened;
  const { limits } = prepared;
  const view: NetworkView = {
    name,
    ...viewGraph(prepared, name),
    facts: [...facts, ...aboutGraph(prepared)],
    ...(limits === undefined ? {} : { limits }),
  };
  return {
    view,
    prepared,
    shortcuts,
    ...(network === undefined ? {} : { network }),
    ...(bytes === undefined ? {} : { bytes }),
  };
}

/** Who signed a network's file; nothing of a network by its name. */
async function signatureOf(
  { kind }: NetworkSource,
  { view: { name }, bytes }: Awaited<ReturnType<typeof openView>>,
  signing: SignatureFiles = {},
): Promise<{ readonly signature?: SignatureView }> {
  if (kind !== "file" || bytes === undefined) return {};
  return { signature: await viewSignature({ name, bytes }, signing) };
}

/**
 * Describes a network out of a file, or by its name, and how a second one differs from it. Nothing is run.
 *
 * @throws {FormatError} if the file is damaged, too large, or holds no network
 * @throws {WeightsError} if it holds weights of no known network
 * @throws {OptionError} if no network has the name, or the shortcut does not fit it
 * @throws {UnsupportedError} if the network is too large to be shown
 */
export async function describeSource(input: DescribeInput): Promise<Described> {
  const { source, other, models, signing, otherSigning } = input;
  const own = await openView(source, input);
  const described: Described = {
    view: own.view,
    names: [...modelNames, ...(await listReady(models)).keys()],
    shortcuts: own.shortcuts,
    hasWeights: own.network !== undefined,
    ...(await signatureOf(source, own, signing)),
  };
  if (other === undefined) return described;
  const second = await openView(other, input);
  const signed = await signatureOf(other, second, otherSigning);
  return { ...described, comparison: { ...compareNetworks(own, second), shortcuts: second.shortcuts, ...signed } };
}
