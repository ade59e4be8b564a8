import { randomStream } from "../tensor/random.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";
import { buffersOf, type Initializer, type Module, parametersOf } from "./module.ts";

/** Sets every element to `value`. */
export function constantInitializer(value: number): Initializer {
  return (shape) => new Float32Array(sizeOf(shape)).fill(value);
}

/** Fans of a weight [out, in/groups, …kernel]: kernel size times the channels on each side. */
function fans(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  const kernel = sizeOf(shape.slice(2));
  return { fanIn: shape[1] * kernel, fanOut: shape[0] * kernel };
}

/**
 * Normal with deviation √(2 / fan): keeps the variance through relus, forward (fan-in) or backward (fan-out).
 * @source He et al. 2015, arXiv:1502.01852; `torch.nn.init.kaiming_normal_`
 */
export function kaimingNormal(mode: "fan-in" | "fan-out" = "fan-out"): Initializer {
  return (shape, stream) => {
    const { fanIn, fanOut } = fans(shape);
    const deviation = Math.sqrt(2 / (mode === "fan-in" ? fanIn : fanOut));
    return Float32Array.from({ length: sizeOf(shape) }, () => stream.normal() * deviation);
  };
}

/** Normal with mean 0. @source `torch.nn.init.normal_`; `trunc_normal_` cuts at ±2, which no deviation in use reaches */
export function normal(deviation: number): Initializer {
  return (shape, stream) => Float32Array.from({ length: sizeOf(shape) }, () => stream.normal() * deviation);
}

/**
 * The identity on the first input channels, and `rest` on the filters after them: filter f < I has a 1 in the middle of channel
 * f, and zeros elsewhere.
 * @source Zagoruyko and Komodakis 2017, arXiv:1706.00388, `torch.nn.init.dirac_`; in part as in Jordan 2024, arXiv:2404.00498, 3.3
 */
export const diracOver =
  (rest: Initializer): Initializer =>
  (shape, stream) => {
    const weight = rest(shape, stream);
    const [filters, channels] = shape;
    const taps = sizeOf(shape.slice(2));
    const middle = shape.slice(2).reduce((at, extent) => at * extent + Math.floor(extent / 2), 0);
    for (let filter = 0; filter < Math.min(filters, channels); filter++) {
      const start = filter * channels * taps;
      weight.fill(0, start, start + channels * taps);
      weight[start + filter * taps + middle] = 1;
    }
    return weight;
  };

/**
 * Uniform in ±1/√fanIn, PyTorch's default for linear layers and for the biases of linear and convolution layers.
 * @param fanIn taken from the shape if left out; a bias must give its weight's
 * @source `torch.nn.Linear.reset_parameters`
 */
export function uniformFanIn(fanIn?: number): Initializer {
  return (shape, stream) => {
    const bound = 1 / Math.sqrt(fanIn ?? fans(shape).fanIn);
    return Float32Array.from({ length: sizeOf(shape) }, () => (2 * stream.uniform() - 1) * bound);
  };
}

/**
 * Fresh parameters and buffers of a module tree under their state-dict names, created lazily. Each draws from its own
 * stream of (seed, name), so that adding a layer changes no other.
 */
export function* drawState(module: Module, seed: number): Generator<readonly [string, Tensor<"float32">]> {
  for (const [name, { shape, initialize }] of [...parametersOf(module), ...buffersOf(module)])
    yield [name, float32(shape, initialize(shape, randomStream(seed, `initialize ${name}`)))];
}

/** Everything that {@link drawState} yields. */
export function initializeState(module: Module, seed: number): ReadonlyMap<string, Tensor<"float32">> {
  return new Map(drawState(module, seed));
}
