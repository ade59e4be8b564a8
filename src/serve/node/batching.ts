import { dtypeArrays } from "../../tensor/dtype.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** Joins tensors along their first axis; they agree in everything else. */
export function joinBatch(parts: readonly Tensors[]): Tensors {
  const [first] = parts;
  if (parts.length === 1) return first;
  return Object.fromEntries(
    Object.keys(first).map((name) => {
      const tensors = parts.map((part) => part[name]);
      const { dtype, shape } = first[name];
      const length = tensors.reduce((sum, { data }) => sum + data.length, 0);
      const data = new dtypeArrays[dtype](length);
      let at = 0;
      for (const part of tensors) {
        (data as Float32Array).set(part.data as Float32Array, at);
        at += part.data.length;
      }
      return [name, tensor(dtype, [tensors.reduce((sum, part) => sum + part.shape[0], 0), ...shape.slice(1)], data)];
    }),
  );
}

/**
 * Splits outputs along their first axis into parts of so many samples.
 *
 * @throws {ShapeError} if an output's first extent is not the number of samples
 */
export function splitBatch(whole: Tensors, samples: readonly number[]): readonly Tensors[] {
  const count = samples.reduce((a, b) => a + b, 0);
  const offsets = samples.map((_, index) => samples.slice(0, index).reduce((a, b) => a + b, 0));
  for (const [name, { shape }] of Object.entries(whole))
    if (shape[0] !== count)
      throw new ShapeError(
        `output "${name}"`,
        `is ${formatShape(shape)}, must have ${count} samples on its first axis`,
      );
  return samples.map((own, index) =>
    Object.fromEntries(
      Object.entries(whole).map(([name, { dtype, shape, data }]) => {
        const size = data.length / count;
        const from = offsets[index] * size;
        return [name, tensor(dtype, [own, ...shape.slice(1)], data.slice(from, from + own * size))];
      }),
    ),
  );
}

/** What tensors must have in common to share a run, as text. */
export function batchGroup(inputs: Tensors, outputs: readonly string[]): string {
  const shapes = Object.keys(inputs)
    .toSorted()
    .map((name) => `${name}:${inputs[name].dtype}:${inputs[name].shape.slice(1).join("x")}`);
  return `${shapes.join(";")}|${outputs.join(",")}`;
}
