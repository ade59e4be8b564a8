import { buildInference, toModel } from "../compile/inference.ts";
import type { Module } from "../nn/module.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Runtime, Session, SessionOptions } from "../runtime/runtime.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What a network is loaded with to predict. */
export interface InferenceOptions {
  readonly runtime: Runtime;
  readonly module: Module;
  readonly imageShape: Shape;
  /** Parameters and running statistics; what else it holds is ignored. */
  readonly state: ReadonlyMap<string, Tensor>;
  readonly session?: SessionOptions;
}

/** Compiles the network as it predicts; the caller releases the session. */
export function loadInference({ runtime, module, imageShape, state, session }: InferenceOptions): Promise<Session> {
  return runtime.load(encodeModel(toModel(buildInference(module, imageShape, state))), session);
}

/** Compiles the network as it predicts, for as long as `body` takes. */
export async function withInference<T>(options: InferenceOptions, body: (session: Session) => Promise<T>): Promise<T> {
  const session = await loadInference(options);
  try {
    return await body(session);
  } finally {
    await session.release();
  }
}
