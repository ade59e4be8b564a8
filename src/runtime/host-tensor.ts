import type { Tensor as OrtTensor } from "onnxruntime-common";
import type { DType, DTypeArrays } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { RuntimeTensor } from "./runtime.ts";

/** An output in host memory. */
export class HostTensor implements RuntimeTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly #inner: OrtTensor;

  constructor(inner: OrtTensor, dtype: DType) {
    this.dtype = dtype;
    this.shape = inner.dims;
    this.#inner = inner;
  }

  /** The tensor that a run takes. */
  feed(): OrtTensor {
    return this.#inner;
  }

  async read(): Promise<Tensor> {
    return hostTensor(this.dtype, this.shape, this.#inner.data);
  }

  /** Nothing to do: the garbage collector owns the memory. */
  dispose(): void {}
}

/** Wraps ONNX Runtime's elements without a copy: half types as their 16 bits, whichever array type it uses for them. */
export function hostTensor(dtype: DType, shape: Shape, data: OrtTensor["data"]): Tensor {
  const array = data as DTypeArrays[DType];
  if (dtype !== "float16") return tensor(dtype, shape, array);
  return tensor(dtype, shape, new Uint16Array(array.buffer, array.byteOffset, array.length));
}
