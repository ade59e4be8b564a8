import type { Tensor as OrtTensor } from "onnxruntime-common";
import type { DType } from "../tensor/dtype.ts";
import { ResiduaError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { hostTensor } from "./host-tensor.ts";
import type { OrtModule } from "./onnxruntime-module.ts";
import type { RuntimeTensor } from "./runtime.ts";

/** What a session supplies for its tensors. */
export interface DeviceTensorHooks {
  readonly onClosed: (closed: DeviceTensor) => void;
  /** Reads the elements; ONNX Runtime's `getData` if left out. */
  readonly read?: ((tensor: OrtTensor) => Promise<OrtTensor["data"]>) | undefined;
}

/** An output that stays in GPU memory until it is disposed of or its session is released. */
export class DeviceTensor implements RuntimeTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly #inner: OrtTensor;
  readonly #feed: OrtTensor;
  readonly #hooks: DeviceTensorHooks;
  #host: Promise<Tensor> | undefined;
  #closed: Promise<void> | undefined;

  constructor(ort: OrtModule, inner: OrtTensor, dtype: DType, hooks: DeviceTensorHooks) {
    this.dtype = dtype;
    this.shape = inner.dims;
    this.#inner = inner;
    this.#hooks = hooks;
    // A download moves ONNX Runtime's own tensor to the host; this one still refers to the buffer, which runs can take.
    this.#feed = ort.Tensor.fromGpuBuffer(inner.gpuBuffer, { dataType: inner.type as "float32", dims: inner.dims });
  }

  /** The tensor that a run takes. @throws {ResiduaError} after disposal */
  feed(where: string): OrtTensor {
    this.#requireOpen(where);
    return this.#feed;
  }

  async read(): Promise<Tensor> {
    this.#requireOpen("tensor");
    // ONNX Runtime refuses a second download while the first is in progress.
    this.#host ??= this.#download().then((data) => hostTensor(this.dtype, this.shape, data));
    return this.#host;
  }

  #download(): Promise<OrtTensor["data"]> {
    const { read } = this.#hooks;
    return read === undefined ? this.#inner.getData() : read(this.#feed);
  }

  dispose(): void {
    void this.close();
  }

  /** Releases the memory as soon as no download reads it. */
  close(): Promise<void> {
    return (this.#closed ??= this.#release());
  }

  async #release(): Promise<void> {
    await this.#host?.catch(() => undefined);
    this.#inner.dispose();
    this.#hooks.onClosed(this);
  }

  #requireOpen(where: string): void {
    if (this.#closed === undefined) return;
    throw new ResiduaError(where, "was disposed of, or its session was released; use it before");
  }
}
