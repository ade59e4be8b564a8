import type { Tensor } from "../tensor/tensor.ts";

/** Images with their labels. */
export interface LabeledBatch {
  /** `[N, channels, H, W]` */
  readonly images: Tensor<"float32">;
  /** `[N]` */
  readonly labels: Tensor<"int64">;
}
