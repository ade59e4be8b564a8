import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Device } from "./device.ts";

/**
 * A tensor where the runtime keeps it, possibly in GPU memory. An output of a run can be an input of the next one
 * without a copy to the host.
 */
export interface RuntimeTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /** The elements: of host memory as they are, of device memory as a copy; the latter still needs `dispose`. */
  read(): Promise<Tensor>;
  /** Releases the memory; the tensor must not be used afterwards. A no-op for host memory. Safe to call twice. */
  dispose(): void;
}

/** How a session runs; options left out are the runtime's choice. */
export interface SessionOptions {
  /** Threads that one operator may use; in a browser they are set on the runtime itself. */
  readonly threads?: number;
  /**
   * Whether threads keep their cores busy for a while after a run, to be there at once for the next. On by default; the
   * threads of many sessions that take turns would be in each other's way. Node only.
   */
  readonly spinning?: boolean;
  /** ONNX Runtime's execution providers by name, in order of preference: "cpu", "cuda", "wasm", "webgpu", … */
  readonly executionProviders?: readonly string[];
  /** Plans memory ahead: a little faster with static shapes, at the price of a higher peak. Off by default. */
  readonly memoryPattern?: boolean;
  /** Keeps freed memory in an arena for the next run. On by default. */
  readonly memoryArena?: boolean;
  /** How far the runtime rewrites the graph. "all" by default. */
  readonly graphOptimization?: "disabled" | "basic" | "extended" | "all";
  /** Outputs that stay where they were computed, to be fed back; only a runtime with device memory uses it. */
  readonly keepOnDevice?: readonly string[];
  /** Inputs whose memory the model may overwrite with outputs, since it no longer reads them by then. */
  readonly overwrites?: readonly (readonly [input: string, output: string])[];
  /** Writes a profile to a file that starts with this name; Node only. */
  readonly profile?: string;
}

/** What a model declares of an input or output. */
export interface DeclaredTensor {
  readonly name: string;
  /** The element type; a name outside {@link DType} for what cannot be fed or read, such as "string". */
  readonly dtype: string;
  /** Extents, −1 where they are free; undefined if the rank is not known, or the value is no tensor. */
  readonly shape: readonly number[] | undefined;
}

/** A compiled model, ready to run. */
export interface Session {
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the model once. Host tensors and tensors of this runtime may be mixed; host tensors must not change until the
   * run is over. Concurrent runs are queued.
   *
   * @param feeds one entry per input
   * @param fetches the requested outputs; all if left out
   * @param into tensors by output, such as results of an earlier run, into whose memory the outputs are written. Takes
   *   effect only if the runtime {@link Runtime.writesInPlace} and the model was made for it; ignored otherwise.
   * @throws {ResiduaError} if an input is missing, unknown, or of another type or shape
   */
  run(
    feeds: Readonly<Record<string, Tensor | RuntimeTensor>>,
    fetches?: readonly string[],
    into?: Readonly<Record<string, Tensor | RuntimeTensor>>,
  ): Promise<Readonly<Record<string, RuntimeTensor>>>;
  /** Ends the profile and writes it: to a file in Node, to the console in a browser. */
  endProfiling(): void;
  /**
   * Releases what the session holds, after the runs in flight. Outputs in host memory remain; those kept on a device
   * are disposed of. Safe to call twice.
   */
  release(): Promise<void>;
}

/** An environment in which models run. Injected from outside, never detected. */
export interface Runtime {
  readonly name: "node" | "web";
  /** ONNX Runtime's version. */
  readonly version: string;
  /** Whether ONNX Runtime's blocked operators may exist here at all (x64 CPU builds). */
  readonly hasBlockedDomain: boolean;
  /** Whether outputs can be written into existing memory, for models made by `leaveOutputsInPlace`. */
  readonly writesInPlace: boolean;
  /** Where sessions run that do not name execution providers. */
  readonly device: Device | "wasm";
  /** Compiles a model. @throws {ResiduaError} with ONNX Runtime's reason if it is refused */
  load(model: Uint8Array, options?: SessionOptions): Promise<Session>;
}
