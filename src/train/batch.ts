import { OptionError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { float32, type Tensor, tensor } from "../tensor/tensor.ts";

/** Images with their labels. */
export interface LabeledBatch {
  /** `[N, channels, H, W]` */
  readonly images: Tensor<"float32">;
  /** `[N]`, or a label map per image */
  readonly labels: Tensor<"int64">;
}

/**
 * Splits a batch into equal consecutive parts.
 * @throws {OptionError} unless the batch divides evenly
 */
export function splitBatch({ images, labels }: LabeledBatch, parts: number): readonly LabeledBatch[] {
  if (parts === 1) return [{ images, labels }];
  const [count, ...imageShape] = images.shape;
  if (count % parts !== 0)
    throw new OptionError("accumulate", `cannot divide ${count} images into ${parts} equal batches`);
  const size = count / parts;
  const pixels = size * sizeOf(imageShape);
  const labelShape = labels.shape.slice(1);
  const points = size * sizeOf(labelShape);
  return Array.from({ length: parts }, (_, part) => ({
    images: float32([size, ...imageShape], images.data.subarray(part * pixels, (part + 1) * pixels)),
    labels: tensor("int64", [size, ...labelShape], labels.data.subarray(part * points, (part + 1) * points)),
  }));
}
