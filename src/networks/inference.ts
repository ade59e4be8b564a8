import { buildInference, toModel } from "../compile/inference.ts";
import type { Module } from "../nn/module.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Runtime, Session, SessionOptions } from "../runtime/runtime.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The inputs to loading a network for prediction. */
export interface InferenceOptions {
  readonly runtime: Runtime;
  readonly module: Module;
  readonly imageShape: Shape;
  /** Parameters and running statistics; other entries are ignored. */
  readonly state: ReadonlyMap<string, Tensor>;
  readonly session?: SessionOptions;
}

/** Compiles the network for prediction; the caller releases the session. */
export function loadInference({ runtime, module, imageShape, state, session }: InferenceOptions): Promise<Session> {
  return runtime.load(encodeModel(toModel(buildInference(module, imageShape, state))), session);
}

/** Compiles the network for prediction, for the duration of `body`. */
export async function withInference<T>(options: InferenceOptions, body: (session: Session) => Promise<T>): Promise<T> {
  const session = await loadInference(options);
  try {
    return await body(session);
  } finally {
    await session.release();
  }
}
