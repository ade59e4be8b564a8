import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import { toModel } from "../compile/inference.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { DType } from "../tensor/dtype.ts";
import type { OrtModule } from "./onnxruntime-module.ts";
import { releaseAll } from "./release.ts";

/** Reads tensors in GPU memory. */
export interface TensorReader {
  /** A copy of the elements. */
  read(tensor: OrtTensor): Promise<OrtTensor["data"]>;
  release(): Promise<void>;
}

/** A model that returns its input, whatever its extents. */
export function copyModel(dtype: DType, rank: number): Uint8Array {
  const g = createGraphBuilder("copy");
  const extents = Array.from({ length: rank }, (_, axis) => `d${axis}`);
  g.output("y", g.op("Identity", [g.input("x", dtype, extents)]));
  return encodeModel(toModel(g.finish()));
}

/**
 * Reads by running a model that copies its input to the host: in onnxruntime-node, `getData` of a tensor in GPU memory ends the
 * process (1.30).
 *
 * @param settings those of the sessions whose tensors are read, without outputs kept on the device
 */
export function createCopyingReader(ort: OrtModule, settings: InferenceSession.SessionOptions): TensorReader {
  const sessions = new Map<string, Promise<InferenceSession>>();
  const open = (dtype: DType, rank: number): Promise<InferenceSession> => {
    const key = `${dtype} ${rank}`;
    const known = sessions.get(key) ?? ort.InferenceSession.create(copyModel(dtype, rank), settings);
    sessions.set(key, known);
    return known;
  };
  return {
    read: async (tensor) => {
      const session = await open(tensor.type as DType, tensor.dims.length);
      const { y } = await session.run({ x: tensor });
      return y.data;
    },
    release: () => {
      const opened = [...sessions.values()];
      sessions.clear();
      return releaseAll(opened.map((session) => async () => (await session).release()));
    },
  };
}
