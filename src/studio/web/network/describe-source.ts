import { decodeNetworkFile, type NetworkFile } from "../../../networks/file.ts";
import { describableGraph, describableModule, type DescribableGraph } from "../../../networks/describe.ts";
import { createModel, findModelPlan, modelNames } from "../../../nn/models.ts";
import { FormatError, UnsupportedError } from "../../../tensor/errors.ts";
import { looksLikeHdf5 } from "../../../weights/keras-file.ts";
import { refuseSize } from "../../pictures/image-limits.ts";
import type { DescribeInput, Described } from "./describe-job.ts";
import { aboutFile, aboutGraph, aboutNetwork, type Fact } from "./facts.ts";
import { viewGraph } from "./view-graph.ts";

/** The largest file that a page reads. */
const mostBytes = 2 ** 30;

/** A network, ready to be shown. */
interface Opened {
  readonly name: string;
  readonly prepared: DescribableGraph;
  readonly facts: readonly Fact[];
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
  return { name, prepared, facts: [...(await aboutFile(bytes, network)), ...aboutNetwork(network)] };
}

function openNamed(name: string, shortcut: Parameters<typeof createModel>[1], size: number | undefined): Opened {
  const model = createModel(name, shortcut);
  const [channels, ...extents] = model.imageShape;
  const imageShape = [channels, ...extents.map((extent) => size ?? extent)];
  return { name, prepared: describableModule(model.module, imageShape), facts: aboutNetwork({ model }) };
}

/**
 * Describes a network out of a file, or by its name. Nothing is run.
 *
 * @throws {FormatError} if the file is damaged, too large, or holds no network
 * @throws {WeightsError} if it holds weights of no known network
 * @throws {OptionError} if no network has the name, or the shortcut does not fit it
 * @throws {UnsupportedError} if the network is too large to be shown
 */
export async function describeSource({ source, size }: DescribeInput): Promise<Described> {
  const isFile = source.kind === "file";
  const { name, prepared, facts } = isFile
    ? await openFile(source.file, size)
    : openNamed(source.model, source.shortcut === undefined ? {} : { shortcut: source.shortcut }, size);
  const { limits } = prepared;
  const plan = isFile ? undefined : findModelPlan(source.model).plan;
  return {
    view: {
      name,
      ...viewGraph(prepared, name),
      facts: [...facts, ...aboutGraph(prepared)],
      ...(limits === undefined ? {} : { limits }),
    },
    names: modelNames,
    shortcuts:
      plan === undefined
        ? []
        : [plan.defaults.shortcut, ...plan.shortcuts.filter((type) => type !== plan.defaults.shortcut)],
  };
}
