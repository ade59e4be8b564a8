import type { RemoteError } from "../../../jobs/remote-error.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { Device } from "../../device.ts";
import type { Session, SessionOptions } from "../../runtime.ts";

/** Tensors by the names of inputs or outputs; they survive structured cloning. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** What the process that holds a model is asked, one thing at a time. */
export type GuardedOrder =
  | {
      readonly kind: "load";
      readonly model: Uint8Array;
      readonly options: SessionOptions;
      readonly memory: number;
      readonly device: Device;
    }
  | { readonly kind: "run"; readonly feeds: NamedTensors; readonly fetches: readonly string[] };

/** What it answers. */
export type GuardedAnswer =
  | ({ readonly kind: "loaded" } & Pick<Session, "inputs" | "outputs" | "inputNames" | "outputNames">)
  | { readonly kind: "ran"; readonly outputs: NamedTensors }
  | { readonly kind: "failed"; readonly error: RemoteError };

/** The last words of a process that took too much memory. */
export const MEMORY_WORD = "residua: memory limit";
