import { toModel } from "../compile/inference.ts";
import type { Lowering } from "../compile/lowering.ts";
import { portable } from "../compile/portable/lowering.ts";
import {
  buildTrainingStep,
  type ForwardOptions,
  type LossFunction,
  type StepGraph,
  stepNames,
  type UpdateOptions,
} from "../compile/step.ts";
import { crossEntropy } from "../nn/losses.ts";
import { encodeModel } from "../onnx/encode.ts";
import { dumpGraph } from "../onnx/text.ts";
import type { Graph } from "../onnx/graph.ts";
import type { Runtime, Session, SessionOptions } from "../runtime/runtime.ts";
import type { Shape } from "../tensor/shape.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import type { ModelCache } from "./model-cache.ts";

/** What a training step is compiled from. */
export interface StepOptions extends Omit<ForwardOptions, "loss">, UpdateOptions {
  readonly runtime: Runtime;
  /** Mean cross-entropy if left out. */
  readonly loss?: LossFunction;
  /** `portable` if left out. */
  readonly lowering?: Lowering;
  readonly session?: SessionOptions;
  /** Where compiled models are kept for the next time; nowhere if left out. */
  readonly cache?: ModelCache;
  /** Parameters whose gradient norm every step reports. */
  readonly watch?: readonly string[];
}

/** A training step that is ready to run. */
export interface CompiledStep {
  readonly session: Session;
  readonly logical: StepGraph;
  /** Row-major shapes of all inputs that are kept or fixed between steps: parameters, buffers, optimizer state. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Those of them that belong to the optimizer. */
  readonly optimizerState: ReadonlySet<string>;
  /** From row-major to how the step stores it. */
  readonly pack: (name: string, value: Tensor) => Tensor;
  readonly unpack: (name: string, value: Tensor) => Tensor;
}

/** Builds, lowers, encodes and loads a training step. */
export async function compileStep(options: StepOptions): Promise<CompiledStep> {
  const { runtime, lowering = portable, loss = crossEntropy, optimizer, watch, cache } = options;
  const logical = buildTrainingStep({ ...options, loss }, watch);
  const { write, layouts } = lowering.lower(logical.graph);
  const make = (): Uint8Array => encodeModel(toModel(write()));
  const fed = new Set([stepNames.images, stepNames.labels, ...logical.scalars, ...logical.noise.keys()]);
  const state = logical.graph.inputs.filter(({ name }) => !fed.has(name));
  const trained = [...logical.trained.keys()];
  return {
    session: await runtime.load(await (cache?.obtain(identify(logical.graph, lowering), make) ?? make()), {
      graphOptimization: lowering.isFinal ? "disabled" : "all",
      ...options.session,
      keepOnDevice: logical.kept.map(stepNames.next),
    }),
    logical,
    shapes: new Map(state.map(({ name, shape }) => [name, shape as Shape])),
    optimizerState: new Set(optimizer.state.flatMap((kind) => trained.map((name) => stepNames.state(kind, name)))),
    pack: (name, value) => layouts.get(name)?.pack(value) ?? value,
    unpack: (name, value) => layouts.get(name)?.unpack(value) ?? value,
  };
}

/**
 * What a compiled model depends on, besides the code: the logical graph, whose internal operators no ONNX file takes, with
 * its constants, and how it is lowered.
 */
function identify(graph: Graph, { name, blockSize }: Lowering): readonly Uint8Array[] {
  const text = `${name} ${blockSize ?? ""}\n${dumpGraph(graph)}`;
  return [new TextEncoder().encode(text), ...Array.from(graph.initializers.values(), bytesOf)];
}
