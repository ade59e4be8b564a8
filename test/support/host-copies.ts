import { createRequire } from "node:module";
import type { InferenceSession, Tensor } from "onnxruntime-common";

/** Bytes that runs took from the host's memory and left there. */
export interface HostCopies {
  readonly up: number;
  readonly down: number;
}

const bytesOnHost = (tensors: Readonly<Record<string, Tensor | null>>): number =>
  Object.values(tensors)
    .filter((tensor) => tensor !== null && tensor.location === "cpu")
    .reduce((sum, tensor) => sum + (tensor!.data as Float32Array).byteLength, 0);

interface Prototype {
  run(feeds: InferenceSession.FeedsType, ...others: readonly unknown[]): Promise<InferenceSession.ReturnType>;
}

/** What all of ONNX Runtime's runs copy while something is done, counted where they enter its binding for Node. */
export async function countHostCopies(task: () => Promise<unknown>): Promise<HostCopies> {
  const ort = createRequire(import.meta.url)("onnxruntime-node") as {
    readonly InferenceSession: { readonly prototype: Prototype };
  };
  const { prototype } = ort.InferenceSession;
  const { run } = prototype;
  let [up, down] = [0, 0];
  prototype.run = async function (feeds, ...others) {
    up += bytesOnHost(feeds);
    const results = await run.call(this, feeds, ...others);
    down += bytesOnHost(results);
    return results;
  };
  try {
    await task();
    return { up, down };
  } finally {
    prototype.run = run;
  }
}
