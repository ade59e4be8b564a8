import { stepNames } from "../../src/compile/step/names.ts";
import type { Session } from "../../src/runtime/runtime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** A network that gives its images back as scores. @param onDispose told of each result that is disposed of */
export function createEchoSession(onDispose: () => void = () => undefined): Session {
  return {
    inputs: [],
    outputs: [],
    inputNames: [stepNames.images],
    outputNames: [stepNames.scores],
    run: async ({ [stepNames.images]: images }) => ({
      [stepNames.scores]: {
        dtype: "float32",
        shape: images.shape,
        read: async () => images as Tensor,
        dispose: onDispose,
      },
    }),
    endProfiling: () => undefined,
    release: async () => undefined,
  };
}
