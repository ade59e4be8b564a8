import { sizeOf, type Shape } from "../../src/tensor/shape.ts";
import { float32, type Tensor } from "../../src/tensor/tensor.ts";
import { buffersOf, type Module, parametersOf } from "../../src/nn/module.ts";

/** `count` numbers in [-1, 1), as test/golden/noise.py makes them. */
export function uniformNoise(seed: number, count: number): Float64Array {
  const start = Math.imul(seed >>> 0, 0x85ebca6b);
  const noise = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    let h = (Math.imul(index, 0x9e3779b9) + start) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    noise[index] = (h >>> 0) / 2 ** 31 - 1;
  }
  return noise;
}

function seedOf(text: string): number {
  let h = 0x811c9dc5;
  for (const character of text) h = Math.imul(h ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return h;
}

/** A plausible parameter or buffer for a state-dict name, as noise.py makes it. */
export function stateValue(seed: number, name: string, shape: Shape): Float32Array {
  const noise = uniformNoise((seed + seedOf(name)) >>> 0, sizeOf(shape));
  const [middle, spread] = rangeOf(name, shape);
  const values = new Float32Array(noise.length);
  for (let index = 0; index < noise.length; index++) values[index] = middle + spread * noise[index];
  return values;
}

/** What the values lie around, and how far from it at most. */
function rangeOf(name: string, shape: Shape): readonly [middle: number, spread: number] {
  if (name.endsWith("running_var")) return [1, 0.3];
  if (name.endsWith("running_mean")) return [0, 0.1];
  if (shape.length > 1) return [0, Math.sqrt(6 / sizeOf(shape.slice(1)))];
  return name.endsWith("weight") ? [1, 0.2] : [0, 0.1];
}

/** Parameters and buffers of a module as reference.py's `fill` gives them. */
export function noiseState(module: Module, seed: number): ReadonlyMap<string, Tensor<"float32">> {
  const specs = [...parametersOf(module), ...buffersOf(module)];
  return new Map(specs.map(([name, { shape }]) => [name, float32(shape, stateValue(seed, name, shape))]));
}

/** Noise with biases of about +4 and −4, as calm.py has it, but for names with a spared part: no relu is near to flipping. */
export function calmState(
  module: Module,
  seed: number,
  spared: readonly string[] = [],
): ReadonlyMap<string, Tensor<"float32">> {
  const isMoved = (name: string): boolean => name.endsWith("bias") && !spared.some((part) => name.includes(part));
  return new Map(
    Array.from(noiseState(module, seed), ([name, { shape, data }]) => [
      name,
      float32(shape, isMoved(name) ? data.map((value) => value + 4 * Math.sign(value)) : data),
    ]),
  );
}

/** Inputs and gradients as networks.py's `noise_like` makes them. */
export function noiseTensor(seed: number, shape: Shape): Tensor<"float32"> {
  return float32(
    shape,
    Float32Array.from(uniformNoise(seed, sizeOf(shape)), (value) => 1.7 * value),
  );
}

/** Bernoulli(keep) / keep for a mask by its name, as noise.py's `mask_value` draws it. */
export function noiseMask(seed: number, name: string, shape: Shape, keep: number): Tensor<"float32"> {
  const noise = uniformNoise((seed + seedOf(name)) >>> 0, sizeOf(shape));
  return float32(
    shape,
    Float32Array.from(noise, (value) => (value < 2 * keep - 1 ? 1 / keep : 0)),
  );
}
