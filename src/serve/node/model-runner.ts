import { decodeModel } from "../../onnx/decode.ts";
import { encodeModel } from "../../onnx/encode.ts";
import { readNetworkMetadata } from "../../networks/notes.ts";
import { openTrainedBytes } from "../../networks/node/open.ts";
import type { NetworkCard } from "../../networks/card.ts";
import type { TrainedNetwork } from "../../networks/open.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import type { DeclaredTensor, Session } from "../../runtime/runtime.ts";
import { taskNameOf } from "../../tasks/find-task.ts";
import { openTogether } from "../../tasks/loaded-network.ts";
import { dtypeArrays } from "../../tensor/dtype.ts";
import { FormatError, UnsupportedError } from "../../tensor/errors.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { readExternalBeside } from "../../weights/node.ts";
import { dataTypeOf, dtypeOf } from "../protocol/data-types.ts";
import { RequestError } from "../protocol/request-error.ts";
import { isBatchedSignature, type ModelSignature, type TensorMetadata } from "../protocol/signature.ts";
import { joinBatch, splitBatch } from "./batching.ts";
import type { LoadedModel, ModelToLoad } from "./worker-protocol.ts";

/** A model in a worker, ready to run. */
export interface ModelRunner extends LoadedModel {
  /** The network as its task opens it; none if nothing says how images are prepared. */
  readonly network: TrainedNetwork | undefined;
  readonly session: Session;
  /** Runs several requests at once; one result each, in order. */
  readonly infer: (
    batch: readonly Readonly<Record<string, Tensor>>[],
    outputs: readonly string[],
  ) => Promise<readonly Readonly<Record<string, Tensor>>[]>;
}

/** Batch sizes that are tried, and the time that may be spent on all of them. */
const TRIED_BATCHES = [1, 2, 4, 8, 16, 32];
const MEASURED_MILLISECONDS = 1500;
/** Of one size, beside the first. */
const MOST_RUNS = 20;

/**
 * Loads a model and finds out what it takes, what it gives, and how long its runs take.
 *
 * @throws {ResiduaError} if it cannot be opened, or works on strings
 */
export async function loadRunner(model: ModelToLoad): Promise<ModelRunner> {
  if (!(model.bytes instanceof Uint8Array)) return loadTogether(model, model.bytes);
  const { session, card } = await open({ ...model, bytes: model.bytes });
  const inputs = session.inputs.map((declared) => describe(declared, model.path));
  const outputs = session.outputs.map((declared) => describe(declared, model.path));
  const isBatched = isBatchedSignature(inputs) && isBatchedSignature(outputs);
  const task = card === undefined ? null : taskNameOf(card.task, model.path);
  const signature: ModelSignature = { inputs, outputs, classes: card?.classes ?? [], task, isBatched };
  const infer: ModelRunner["infer"] = async (batch, wanted) => {
    const results = await session.run(joinBatch(batch), wanted);
    const read: Record<string, Tensor> = {};
    for (const [name, result] of Object.entries(results)) {
      read[name] = await result.read();
      result.dispose();
    }
    if (batch.length === 1) return [read];
    return splitBatch(
      read,
      batch.map((own) => own[inputs[0].name].shape[0]),
    );
  };
  const measured = model.measure ? await measure(infer, signature, model.maxBatch) : [];
  return { session, network: card && { session, card }, signature, measured, infer };
}

/** Loads networks that do a task together: they answer images, since no tensor goes through all of them. */
async function loadTogether(
  { path, threads, device }: ModelToLoad,
  parts: Readonly<Record<string, Uint8Array>>,
): Promise<ModelRunner> {
  const network = await openTogether(parts, path, (bytes, part) =>
    openTrainedBytes({ bytes, path: `${path}, ${part}` }, { threads }, device && { device }),
  );
  const task = taskNameOf(network.card.task, path);
  const signature: ModelSignature = { inputs: [], outputs: [], classes: [], task, isBatched: false };
  const infer = async (): Promise<never> => {
    throw new RequestError(400, "model", `takes images alone; send one to /v1/models/${path}/predict`);
  };
  return { session: network.session, network, signature, measured: [], infer };
}

async function open({
  path,
  bytes,
  threads,
  device,
  mayReadBeside,
}: ModelToLoad & { readonly bytes: Uint8Array }): Promise<{
  readonly session: Session;
  readonly card: NetworkCard | undefined;
}> {
  if (!path.toLowerCase().endsWith(".onnx"))
    return openTrainedBytes({ bytes, path }, { threads }, device && { device });
  const beside = readExternalBeside(path);
  let isSplit = false;
  const model = decodeModel(bytes, path, {
    readExternal: (...request) => {
      if (!mayReadBeside)
        throw new FormatError(path, "keeps weights in another file, which no signature or seal covers; join the two");
      isSplit = true;
      return beside(...request);
    },
  });
  const card = readNetworkMetadata(model.metadata, path)?.card;
  return { card, session: await createNodeRuntime(device).load(isSplit ? encodeModel(model) : bytes, { threads }) };
}

function describe({ name, dtype, shape }: DeclaredTensor, path: string): TensorMetadata {
  const datatype = dataTypeOf(dtype);
  if (datatype === undefined)
    throw new UnsupportedError(path, `"${name}" holds ${dtype}; models of numbers can be served`);
  if (shape === undefined)
    throw new UnsupportedError(path, `"${name}" has no known rank; export the model with shapes of known rank`);
  return { name, datatype, shape };
}

/** Milliseconds by batch size, the best of several runs each, until the time is used up. */
async function measure(
  infer: ModelRunner["infer"],
  { inputs, outputs, isBatched }: ModelSignature,
  maxBatch: number,
): Promise<LoadedModel["measured"]> {
  const names = outputs.map(({ name }) => name);
  const measured: (readonly [number, number])[] = [];
  const start = performance.now();
  for (const batch of isBatched ? TRIED_BATCHES.filter((size) => size <= maxBatch) : [1]) {
    const feeds = Object.fromEntries(inputs.map((input) => [input.name, zeros(input, batch)]));
    let best = Number.POSITIVE_INFINITY;
    const last = performance.now() + MEASURED_MILLISECONDS / TRIED_BATCHES.length;
    for (let run = 0; run <= MOST_RUNS; run++) {
      const begun = performance.now();
      try {
        await infer([feeds], names);
      } catch {
        // Free extents were guessed: such a model is served unmeasured.
        return measured;
      }
      if (run > 0) best = Math.min(best, performance.now() - begun);
      // The first warms up. Many short ones, since other programs hold some of them up.
      if (run >= 2 && performance.now() > last) break;
      if (run > 0 && performance.now() - start > MEASURED_MILLISECONDS) break;
    }
    measured.push([batch, best]);
    // The next size takes twice as long.
    if (performance.now() - start + 6 * best > MEASURED_MILLISECONDS) break;
  }
  return measured;
}

/** Extents that stand for free ones: a sample's are guessed to be an image's. */
const GUESSED_EXTENT = 64;

function zeros({ datatype, shape }: TensorMetadata, batch: number): Tensor {
  const extents = shape.map((extent, axis) => (extent >= 0 ? extent : axis === 0 ? batch : GUESSED_EXTENT));
  const own = dtypeOf(datatype);
  return tensor(own, extents, new dtypeArrays[own](extents.reduce((a, b) => a * b, 1)));
}

/**
 * The smallest batch whose runs cost at most 3 % more per sample than the best do.
 *
 * @param order milliseconds that an order to a worker takes on its way there and back, however many samples it is for
 */
export function chooseBatch(measured: LoadedModel["measured"], order: number): number {
  const costs = measured.map(([batch, milliseconds]) => (order + milliseconds) / batch);
  const best = Math.min(...costs);
  return measured[costs.findIndex((cost) => cost <= 1.03 * best)]?.[0] ?? 1;
}
