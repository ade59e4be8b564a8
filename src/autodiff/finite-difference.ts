import { randomStream } from "../tensor/random.ts";

/** The result of checking one gradient. */
export interface GradientCheck {
  /** ⟨gradient, direction⟩ by the gradient rule. */
  readonly analytic: number;
  /** The same, measured from function values. */
  readonly numeric: number;
  /** |analytic − numeric| / max(|analytic|, |numeric|, floor) */
  readonly relativeError: number;
}

/**
 * Compares a gradient with central finite differences along a random direction: one number for the whole tensor,
 * ⟨∇f(x), v⟩ against (f(x + h·v) − f(x − h·v)) / 2h.
 *
 * @param evaluate the function; called with two points of x's length
 * @param x the point, left as it is
 * @param gradient ∇f at x
 * @param options.step h; with float32 evaluation about 1e-2 balances truncation and rounding
 * @param options.floor magnitude below which the difference counts as absolute
 */
export async function checkGradient(
  evaluate: (point: Float32Array) => Promise<number>,
  x: Float32Array,
  gradient: Float32Array,
  options: { readonly seed?: number; readonly step?: number; readonly floor?: number } = {},
): Promise<GradientCheck> {
  const { seed = 0, step = 1e-2, floor = 1e-2 } = options;
  const stream = randomStream(seed, "finite-difference");
  const direction = Float64Array.from(x, () => stream.normal());
  const length = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0)) || 1;
  const displaced = (sign: number): Float32Array =>
    Float32Array.from(x, (value, index) => value + (sign * step * direction[index]) / length);
  const numeric = ((await evaluate(displaced(1))) - (await evaluate(displaced(-1)))) / (2 * step);
  const analytic = gradient.reduce((sum, value, index) => sum + (value * direction[index]) / length, 0);
  const scale = Math.max(Math.abs(analytic), Math.abs(numeric), floor);
  return { analytic, numeric, relativeError: Math.abs(analytic - numeric) / scale };
}
