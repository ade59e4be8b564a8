import type { GraphBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/graph.ts";

/** Added to the norm, so that a zero gradient stays zero. */
const NORM_FLOOR = 1e-6;

/** The square of a gradient's Euclidean norm: a scalar. */
export function addSquaredNorm(g: GraphBuilder, gradient: Value): Value {
  return g.op("ReduceSumSquare", [gradient], { keepdims: 0 });
}

/** The global norm √Σ nᵢ, from squared norms nᵢ. A scalar. */
export function joinNorms(g: GraphBuilder, squares: readonly Value[]): Value {
  return g.op("Sqrt", [squares.reduce((sum, square) => g.op("Add", [sum, square]))]);
}

/**
 * Scales all gradients by one factor if their global norm is above `maximum`.
 * @source Pascanu et al. 2013, arXiv:1211.5063; `torch.nn.utils.clip_grad_norm_`
 */
export function clipByNorm(
  g: GraphBuilder,
  gradients: readonly Value[],
  norm: Value,
  maximum: number,
): readonly Value[] {
  const factor = g.op("Min", [g.op("Div", [g.fill(maximum), g.op("Add", [norm, g.fill(NORM_FLOOR)])]), g.fill(1)]);
  return gradients.map((gradient) => g.op("Mul", [gradient, factor]));
}
