import { writeFileAtomically } from "../../files/node.ts";
import { basename } from "node:path";
import { inferModel } from "../../onnx/infer.ts";
import type { Model } from "../../onnx/graph.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { FormatError } from "../../tensor/errors.ts";
import { randomStream } from "../../tensor/random.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import { encodeModel, fitsOneFile } from "../../onnx/encode.ts";
import { writeOnnxModel, writePytorch, writeSafetensors } from "../../weights/node.ts";
import { describeNetwork } from "../describe.ts";
import { exportOnnx, exportStateDict, type OnnxExportOptions, safetensorsMetadata } from "../export.ts";
import { type ModelCardFacts, renderModelCard } from "../model-card.ts";
import type { NetworkFile } from "../file.ts";
import type { ExportFormat } from "../export-formats.ts";

/** Options of an export. */
export interface ExportFilesOptions extends OnnxExportOptions {
  readonly format: ExportFormat;
  /** Puts the weights of an ONNX model into a file beside it; by default if it would exceed 2 GB. */
  readonly externalData?: boolean;
  /** What the network came from, for errors. */
  readonly source?: string;
  /** Whether a model card is written beside the file. Default true. */
  readonly modelCard?: boolean;
  /** Whether an ONNX model is run and compared with what it was made from before it is written. Default true. */
  readonly check?: boolean;
}

/** The result of an export. */
export interface ExportReport {
  /** The requested file first, then those next to it. */
  readonly files: readonly string[];
  readonly opset?: number;
  /** The largest difference of a score on random images between the model and what it was made from, relative to the largest. */
  readonly difference?: number;
}

/** More than rounding: folding batch norms moves scores by about 1e-6 of the largest. */
const LARGEST_DIFFERENCE = 1e-3;

/**
 * Writes a network as ONNX, safetensors or a PyTorch state dict, with a model card beside it. Files appear complete or
 * not at all.
 *
 * @throws {UnsupportedError} naming an operator that the opset cannot express
 * @throws {FormatError} if the network cannot be given in that format, or what was made computes something else
 * @throws {EnvironmentError} if a file cannot be written
 */
export async function exportNetwork(
  network: NetworkFile,
  path: string,
  options: ExportFilesOptions,
): Promise<ExportReport> {
  const written = await writeNetwork(network, path, options);
  if (options.modelCard === false) return written;
  const dataFile = written.files[1];
  const facts: ModelCardFacts = {
    file: basename(path),
    format: options.format,
    description: describeNetwork(network),
    ...(written.opset === undefined ? {} : { opset: written.opset }),
    ...(dataFile === undefined ? {} : { dataFile: basename(dataFile) }),
  };
  const card = `${path}.md`;
  await writeFileAtomically(card, renderModelCard(network, facts));
  return { ...written, files: [...written.files, card] };
}

async function writeNetwork(network: NetworkFile, path: string, options: ExportFilesOptions): Promise<ExportReport> {
  if (options.format === "onnx") return writeOnnx(network, path, options);
  const state = exportStateDict(network, options.source ?? path);
  if (options.format === "pytorch") await writePytorch(path, state);
  else await writeSafetensors(path, state, safetensorsMetadata(network));
  return { files: [path] };
}

async function writeOnnx(network: NetworkFile, path: string, options: ExportFilesOptions): Promise<ExportReport> {
  const model = exportOnnx(network, options);
  const isWorthIt = options.check !== false && fitsOneFile(model) && !isUntouched(network, model);
  const difference = isWorthIt ? await compareWithSource(network, model, path) : undefined;
  const files = await writeOnnxModel(
    path,
    model,
    options.externalData === undefined ? {} : { externalData: options.externalData },
  );
  const opset = model.opsets.get("") ?? model.opsets.get("ai.onnx");
  return { files, ...(opset === undefined ? {} : { opset }), ...(difference === undefined ? {} : { difference }) };
}

const isUntouched = (network: NetworkFile, model: Model): boolean => network.kind === "graph" && network.onnx === model;

/** Images of a fixed seed: a batch of two where the batch is open. */
function drawInputs(model: Model): Readonly<Record<string, Tensor>> | undefined {
  const inputs = model.graph.inputs.filter(({ name }) => !model.graph.initializers.has(name));
  const fed: Record<string, Tensor> = {};
  for (const { name, dtype, shape } of inputs) {
    const extents = shape.map((extent, axis) => (axis === 0 && typeof extent === "string" ? 2 : extent));
    if (dtype !== "float32" || extents.some((extent) => typeof extent === "string")) return undefined;
    const stream = randomStream(0, name);
    fed[name] = float32(
      extents as Shape,
      Float32Array.from({ length: sizeOf(extents as Shape) }, () => stream.normal()),
    );
  }
  return fed;
}

async function run(model: Model, feeds: Readonly<Record<string, Tensor>>, plain: boolean): Promise<readonly number[]> {
  const session = await createNodeRuntime().load(encodeModel(model), {
    graphOptimization: plain ? "disabled" : "all",
  });
  try {
    const [first] = session.outputNames;
    const { data } = await (await session.run(feeds, [first]))[first].read();
    return Array.from(data as ArrayLike<number | bigint>, Number);
  } finally {
    await session.release();
  }
}

/** @throws {FormatError} if the model's scores differ from those of its source */
async function compareWithSource(network: NetworkFile, model: Model, path: string): Promise<number | undefined> {
  const source = network.kind === "graph" ? network.onnx : exportOnnx(network, { foldBatchNorm: false });
  const feeds = drawInputs(network.kind === "graph" ? source : inferModel(source));
  if (feeds === undefined) return undefined;
  const expected = await run(source, feeds, true);
  const actual = await run(model, feeds, false);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const largest = expected.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - (actual[index] ?? Number.NaN))),
    0,
  );
  const difference = scale === 0 ? largest : largest / scale;
  if (expected.length === actual.length && difference <= LARGEST_DIFFERENCE) return difference;
  throw new FormatError(
    path,
    `is not written: its scores differ from the network's by ${difference.toPrecision(3)} of the largest`,
  );
}
