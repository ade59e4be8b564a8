import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * A tensor where the runtime keeps it, perhaps in a graphics processor's memory. What a run returns can be fed to the
 * next one without a copy to the host.
 */
export interface RuntimeTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /** The elements: those of host memory as they are, others copied to it; `dispose` is still due for these. */
  read(): Promise<Tensor>;
  /** Gives the memory back; the tensor must not be used afterwards. A no-op for host memory. Safe to call twice. */
  dispose(): void;
}

/** How a session runs; what is left out is the runtime's own choice. */
export interface SessionOptions {
  /** Threads that one operator may use; in a browser the runtime itself is made with them. */
  readonly threads?: number;
  /** ONNX Runtime's execution providers by name, most wanted first: "cpu", "cuda", "wasm", "webgpu", … */
  readonly executionProviders?: readonly string[];
  /** Plans memory ahead: a little faster where shapes are static, at the price of a higher peak. Off by default. */
  readonly memoryPattern?: boolean;
  /** Keeps freed memory in an arena for the next run. On by default. */
  readonly memoryArena?: boolean;
  /** How far the runtime rewrites the graph. "all" by default. */
  readonly graphOptimization?: "disabled" | "basic" | "extended" | "all";
  /** Outputs that stay where they were computed, to be fed back; only a runtime with memory of its own has a use for it. */
  readonly keepOnDevice?: readonly string[];
  /** Inputs whose memory the model may write these outputs into, for it reads them no more by then. */
  readonly overwrites?: readonly (readonly [input: string, output: string])[];
  /** Writes a profile to a file that starts with this name; Node only. */
  readonly profile?: string;
}

/** A compiled model, ready to run. */
export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the model once. Host tensors and tensors of this runtime may be mixed; host tensors must not change until the
   * run is over. Runs that are asked for at the same time follow each other.
   *
   * @param feeds one entry an input
   * @param fetches the outputs wanted; all if left out
   * @param into tensors by output, such as results of an earlier run, whose memory is written anew; the outputs lie there then.
   * Only where the runtime {@link Runtime.writesInPlace} and the model was made for it; disregarded elsewhere.
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
   * Releases what the session holds, after the runs in flight. Outputs in host memory remain; those that were kept on a
   * device are disposed of. Safe to call twice.
   */
  release(): Promise<void>;
}

/** A place where models run. Injected by the edges, never sniffed. */
export interface Runtime {
  readonly name: "node" | "web";
  /** ONNX Runtime's version. */
  readonly version: string;
  /** Whether ONNX Runtime's blocked operators can be expected here at all (x64 CPU builds). */
  readonly hasBlockedDomain: boolean;
  /** Whether outputs can be written into memory that is there already, for models made by `leaveOutputsInPlace`. */
  readonly writesInPlace: boolean;
  /** Compiles a model. @throws {ResiduaError} with ONNX Runtime's reason if it is refused */
  load(model: Uint8Array, options?: SessionOptions): Promise<Session>;
}
