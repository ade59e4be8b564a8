import { readFileSync } from "node:fs";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { float32, type Tensor } from "../../src/tensor/tensor.ts";
import { unwrapNames } from "../../src/weights/pytorch/entry.ts";
import type { WeightsFile } from "../../src/weights/weights-file.ts";
import { stateValue } from "./noise.ts";

/** A published network's weights: names and shapes, and what the network says of an input. */
export interface LayoutCase {
  readonly name: string;
  readonly keys: readonly (readonly [name: string, ...shape: number[]])[];
  /** The reference's own names, by which the noise is made, where they are not those of the file. */
  readonly own?: readonly string[];
  readonly image?: Shape;
  readonly scores?: readonly number[];
}

/** The seed that make-layouts.py makes weights with. */
const seed = 11;

const { cases } = JSON.parse(readFileSync(new URL("../golden/layouts.json", import.meta.url), "utf8")) as {
  readonly cases: readonly LayoutCase[];
};

/** The cases that make-layouts.py wrote. */
export const layoutCases: readonly LayoutCase[] = cases;

/** One of them by its name. */
export function layoutCase(name: string): LayoutCase {
  const found = cases.find((entry) => entry.name === name);
  if (found === undefined) throw new TypeError(`make-layouts.py wrote no case "${name}"`);
  return found;
}

/** Its weights as a file would give them, without numbers: names and shapes are all that an inspection looks at. */
export function shapesOfCase({ keys }: LayoutCase): WeightsFile {
  return asFile(keys.map(([name, ...shape]) => [name, { dtype: "float32", shape, data: new Float32Array(0) }]));
}

/** Its weights with the numbers that the reference had. */
export function weightsOfCase({ keys, own }: LayoutCase): WeightsFile {
  return asFile(
    keys.map(([name, ...shape], index) => {
      const reference = own?.[index] ?? name.replace(/^module\./, "");
      const isCounter = name.endsWith("num_batches_tracked");
      return [name, float32(shape, isCounter ? new Float32Array(sizeOf(shape)) : stateValue(seed, reference, shape))];
    }),
  );
}

function asFile(entries: readonly (readonly [string, Tensor])[]): WeightsFile {
  const { tensors, prefix } = unwrapNames(new Map(entries));
  return { tensors, origin: { format: "PyTorch", entry: [], prefix, notes: {} } };
}
