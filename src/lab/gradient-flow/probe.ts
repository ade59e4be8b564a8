import type { LossFunction } from "../../compile/step/loss-pass.ts";
import { stepNames } from "../../compile/step/names.ts";
import type { Module } from "../../nn/module.ts";
import type { Runtime, SessionOptions } from "../../runtime/runtime.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import type { LabeledBatch } from "../../train/batch.ts";
import { loadGraph } from "../../train/load-graph.ts";
import { readScalars } from "../scalars.ts";
import { buildFlowGraph, FLOW } from "./graph.ts";
import { type FlowProfile, readProfile } from "./profile.ts";

/** Measures the gradient flow of one network on one batch. */
export interface FlowProbe {
  /** @param updates ‖ΔW‖ / ‖W‖ by the weight's state-dict name */
  measure(
    state: ReadonlyMap<string, Tensor>,
    step: number,
    updates?: ReadonlyMap<string, number>,
  ): Promise<FlowProfile>;
  /** State-dict names of the layers' weights. */
  readonly weights: readonly string[];
  release(): Promise<void>;
}

const onesLike = (shape: Shape): Tensor<"float32"> => float32(shape, new Float32Array(sizeOf(shape)).fill(1));

/**
 * Compiles what measures a network on one batch. Dropout leaves nothing out.
 *
 * @throws {OptionError} if the network has no layer with weights
 */
export async function openFlowProbe(
  { runtime, session: options }: { readonly runtime: Runtime; readonly session: SessionOptions },
  { module, loss }: { readonly module: Module; readonly loss: LossFunction },
  batch: LabeledBatch,
): Promise<FlowProbe> {
  const [count, ...imageShape] = batch.images.shape;
  const flow = buildFlowGraph({ module, imageShape, batch: count, loss });
  if (flow.layers.length === 0)
    throw new OptionError("model", "has no layer with weights, so there is no gradient to follow");
  const loaded = await loadGraph(runtime, flow.graph, options);
  const noise = Array.from(flow.noise, ([name, { value }]) => [name, onesLike(value.shape as Shape)] as const);
  return {
    weights: flow.layers.map(({ weight }) => weight),
    measure: async (state, step, updates) => {
      const held = loaded.inputNames.flatMap((name) => {
        const value = state.get(name);
        return value === undefined ? [] : [[name, value] as const];
      });
      const feeds = { ...Object.fromEntries([...held, ...noise]), [stepNames.images]: batch.images };
      const { [FLOW]: values } = await loaded.run({ ...feeds, [stepNames.labels]: batch.labels });
      return readProfile(flow, step, readScalars(flow.names, values.data as Float32Array), updates);
    },
    release: loaded.release,
  };
}
