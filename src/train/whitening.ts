import { initializeState } from "../nn/initialization.ts";
import { type Module, parametersOf } from "../nn/module.ts";
import { OptionError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";
import { symmetricEigen } from "./eigen.ts";
import type { TrainingState } from "./trainer.ts";

/** Batches of normalised images, `[N, C, H, W]`. */
export type ImageBatchesToWhiten = () =>
  | AsyncIterable<{ readonly images: Tensor<"float32"> }>
  | Iterable<{ readonly images: Tensor<"float32"> }>;

/** Images by which a layer is whitened; more of them change its filters by less than the filters' own noise. */
export const imagesToWhiten = 1000;
/** Patches of them. */
const PATCHES = 200_000;
/** Added to every variance, so that directions in which images hardly vary are not blown up. Jordan 2024, listing 4. */
const EPSILON = 5e-4;

/**
 * The layer that whitening sets: the first weights, if they are filters over the images.
 *
 * @param sample `[C, H, W]`
 * @throws {OptionError} if the network begins otherwise
 */
export function whitenedLayer(module: Module, sample: Shape): string {
  const first = [...parametersOf(module)].find(([, { role }]) => role === "weight");
  const [filters = 0, channels, height = 0, width = 0] = first?.[1].shape ?? [];
  const isFilter = first?.[1].shape.length === 4 && sample.length === 3 && channels === sample[0];
  if (first === undefined || !isFilter || filters < 2 || height > sample[1] || width > sample[2])
    throw new OptionError("whiten", "needs a network that begins with a convolution of the images; leave it out");
  return first[0];
}

/** Σ x·xᵀ over patches of a batch, added to `sum`. @returns how many patches */
function addPatches(
  { data, shape }: Tensor<"float32">,
  {
    sum,
    every,
    kernel: [rows, columns],
  }: { readonly sum: Float64Array; readonly every: number; readonly kernel: Shape },
): number {
  const [count, channels, height, width] = shape;
  const size = channels * rows * columns;
  const patch = new Float64Array(size);
  let [place, taken] = [0, 0];
  for (let image = 0; image < count; image++) {
    for (let top = 0; top + rows <= height; top++) {
      for (let left = 0; left + columns <= width; left++) {
        if (place++ % every !== 0) continue;
        taken++;
        for (let at = 0, channel = 0; channel < channels; channel++) {
          for (let row = 0; row < rows; row++) {
            const from = ((image * channels + channel) * height + top + row) * width + left;
            for (let column = 0; column < columns; column++) patch[at++] = data[from + column];
          }
        }
        for (let a = 0; a < size; a++) {
          for (let b = 0; b <= a; b++) sum[a * size + b] += patch[a] * patch[b];
        }
      }
    }
  }
  return taken;
}

/**
 * Filters whose outputs over the images' patches are uncorrelated and of variance near 1: the eigenvectors of the patches'
 * second moments (their covariance where the mean is 0, which normalised images come near), each divided by the root of its eigenvalue, the largest first; then the same with the other sign, since ReLU keeps
 * one sign alone. As many pairs as there are filters for; filters beyond twice the patch's size stay as they are.
 *
 * @param weight `[filters, C, k, k]`
 * @source Jordan 2024, arXiv:2404.00498, 3.2; `init_whitening_conv` of github.com/KellerJordan/cifar10-airbench
 */
async function whitenFilters(weight: Tensor<"float32">, batches: ImageBatchesToWhiten): Promise<Tensor<"float32">> {
  const [filters, channels, ...kernel] = weight.shape;
  const size = channels * kernel[0] * kernel[1];
  const sum = new Float64Array(size * size);
  let count = 0;
  for await (const { images } of batches()) {
    const [, , height, width] = images.shape;
    const all = imagesToWhiten * (height - kernel[0] + 1) * (width - kernel[1] + 1);
    count += addPatches(images, { sum, every: Math.ceil(all / PATCHES), kernel });
  }
  const covariance = Float64Array.from(sum, (_, at) => {
    const [a, b] = [Math.floor(at / size), at % size];
    return (a < b ? sum[b * size + a] : sum[at]) / count;
  });
  const { values, vectors } = symmetricEigen(covariance, size);
  const pairs = Math.min(size, Math.floor(filters / 2));
  const data = Float32Array.from(weight.data);
  for (let pair = 0; pair < pairs; pair++) {
    const scale = 1 / Math.sqrt(Math.max(values[pair], 0) + EPSILON);
    for (let tap = 0; tap < size; tap++) {
      const value = vectors[pair * size + tap] * scale;
      data[pair * size + tap] = value;
      data[(pairs + pair) * size + tap] = -value;
    }
  }
  return float32(weight.shape, data);
}

/** The fresh state of a network whose first layer is whitened. */
export async function whitenedState(
  module: Module,
  { sample, seed, batches }: { readonly sample: Shape; readonly seed: number; readonly batches: ImageBatchesToWhiten },
): Promise<TrainingState> {
  const layer = whitenedLayer(module, sample);
  const fresh = initializeState(module, seed);
  return new Map([...fresh, [layer, await whitenFilters(fresh.get(layer) as Tensor<"float32">, batches)] as const]);
}
