import type { Env, InferenceSession, TensorConstructor } from "onnxruntime-common";

/** The part of ONNX Runtime's JavaScript packages that is used here, common to onnxruntime-node and onnxruntime-web. */
export interface OrtModule {
  readonly env: Env;
  readonly Tensor: TensorConstructor;
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
}
