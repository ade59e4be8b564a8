import type { RandomStream } from "./random.ts";

/**
 * A draw from the gamma distribution of shape α and scale 1.
 * @source Marsaglia and Tsang 2000, "A simple method for generating gamma variables"; below 1 by their note 6
 */
function drawGamma(stream: RandomStream, alpha: number): number {
  if (alpha < 1) return drawGamma(stream, alpha + 1) * (1 - stream.uniform()) ** (1 / alpha);
  const d = alpha - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = stream.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - stream.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** A draw from Beta(α, α), in [0, 1]. @param alpha above 0 */
export function drawBeta(stream: RandomStream, alpha: number): number {
  const [a, b] = [drawGamma(stream, alpha), drawGamma(stream, alpha)];
  // Far below 1 both may underflow to 0: the draw is then 0 or 1 with equal probability.
  return a + b > 0 ? a / (a + b) : Math.round(stream.uniform());
}
