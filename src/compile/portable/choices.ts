/**
 * Ways to write the same computation in ONNX's operators. All give the same numbers up to rounding; which is fastest,
 * or runs at all, depends on the backend.
 */
export interface PortableChoices {
  /** max(x, 0) as `Relu`, or as `PRelu` with slope 0, whose kernel is several times faster in WebAssembly. */
  readonly relu: "relu" | "prelu";
  /** The step function that the relu's gradient is multiplied by: clamp(1e30·y, 0, 1), or the sign of y ≥ 0. */
  readonly reluGradient: "hard-sigmoid" | "sign";
  /** Multiples that are added, and long sums of scalars: as they are, or in fewer operators, each of which is a kernel to start. */
  readonly sums: "as-is" | "fused";
  /** Small parameters and running statistics: each updated for itself, or joined to a row, which takes fewer operators. */
  readonly updates: "apart" | "joined";
  /** Where batch norm's variance is measured from: a rough mean that one sample gives, or the mean itself, which takes fewer operators. */
  readonly batchNorm: "shifted" | "centered";
  /**
   * How batch norm's gradient a·dy + b·x + c is summed: by `BatchNormalization` and `Add`, or by ONNX Runtime's `FusedConv`, a depthwise
   * 1×1 convolution that adds the other term as it writes; or from what "centered" batch norm has computed, in the fewest operators.
   */
  readonly batchNormGradient: "add" | "fused-conv" | "centered";
  /** Along the last axis: `LogSoftmax`, or x − max − log Σ exp(x − max). Along other axes always the latter. */
  readonly logSoftmax: "operator" | "written-out";
  /**
   * Max pooling's gradient by adding at the indices that `MaxPool` gives, which are int64, or by comparing each place of a window with
   * the maximum.
   */
  readonly maxPoolGradient: "scatter" | "compare";
  /** Labels fed as they are, or as int32, for backends without kernels for int64. */
  readonly labels: "int64" | "int32";
  /**
   * What mixed precision is: float16 kernels, or float32 ones whose operands and results are rounded to float16, for backends without
   * such kernels. ONNX Runtime on the processor accepts float16, but computes in float32 and leaves the rounding out.
   */
  readonly float16: "kernels" | "rounded";
  /** The sign of numbers as `Sign`, or as the difference of two comparisons, for backends without a kernel for it. */
  readonly sign: "operator" | "compare";
}

/**
 * What suits each backend; `standard` uses only standard operators, so that it runs everywhere. WebAssembly's were
 * chosen by measurement: `npm run bench -- --only browser-choices` changes them one by one.
 */
export const portableChoices: Readonly<Record<"standard" | "wasm" | "webgpu", PortableChoices>> = {
  standard: {
    relu: "relu",
    reluGradient: "hard-sigmoid",
    sums: "as-is",
    updates: "apart",
    batchNorm: "shifted",
    batchNormGradient: "add",
    logSoftmax: "operator",
    maxPoolGradient: "scatter",
    labels: "int64",
    float16: "rounded",
    sign: "operator",
  },
  wasm: {
    relu: "prelu",
    reluGradient: "sign",
    sums: "as-is",
    updates: "apart",
    batchNorm: "shifted",
    batchNormGradient: "fused-conv",
    logSoftmax: "operator",
    maxPoolGradient: "scatter",
    labels: "int64",
    float16: "rounded",
    sign: "operator",
  },
  webgpu: {
    relu: "relu",
    reluGradient: "hard-sigmoid",
    sums: "fused",
    updates: "joined",
    batchNorm: "centered",
    batchNormGradient: "centered",
    logSoftmax: "written-out",
    maxPoolGradient: "compare",
    labels: "int32",
    float16: "kernels",
    sign: "compare",
  },
};
