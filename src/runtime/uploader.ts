import type { Tensor } from "../tensor/tensor.ts";
import type { Runtime, RuntimeTensor, Session, SessionOptions } from "./runtime.ts";
import { copyModel } from "./tensor-reader.ts";

/** Copies tensors to where a runtime computes. */
export interface Uploader {
  /** The tensor, to be fed any number of times; itself where everything is in host memory. */
  upload(tensor: Tensor): Promise<Tensor | RuntimeTensor>;
  /** Releases all that was uploaded. */
  release(): Promise<void>;
}

/** Whether outputs named in `keepOnDevice` stay in GPU memory: in Node a property of the runtime, in pages of the session. */
export function keepsOnDevice(
  { device }: Runtime,
  { executionProviders }: Pick<SessionOptions, "executionProviders">,
): boolean {
  return executionProviders === undefined ? device === "webgpu" : executionProviders.includes("webgpu");
}

/**
 * Uploads by running a model that copies its input and keeps the copy on the device. All sessions of a runtime share the device,
 * so any of them can be fed with it.
 *
 * @param options those of the sessions that will be fed
 */
export function createUploader(runtime: Runtime, options: SessionOptions = {}): Uploader {
  const sessions = new Map<string, Promise<Session>>();
  const open = ({ dtype, shape }: Tensor): Promise<Session> => {
    const key = `${dtype} ${shape.length}`;
    const known =
      sessions.get(key) ?? runtime.load(copyModel(dtype, shape.length), { ...options, keepOnDevice: ["y"] });
    sessions.set(key, known);
    return known;
  };
  return {
    upload: async (tensor) => {
      if (!keepsOnDevice(runtime, options)) return tensor;
      const session = await open(tensor);
      return (await session.run({ x: tensor }))["y"];
    },
    release: async () => {
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
    },
  };
}
