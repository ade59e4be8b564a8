import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { MatrixOperators } from "../../onnx/operators/matrix.ts";
import type { GradientRules } from "../rule.ts";
import { sumTo } from "./broadcast.ts";

const swapLastAxes = (g: GraphBuilder, value: Value): Value => {
  const rank = value.shape.length;
  return g.op("Transpose", [value], {
    perm: [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2],
  });
};

/** dB of a product of matrices; of one matrix that all of A's rows meet, from a single product, not one per batch entry. */
function rightGradient(g: GraphBuilder, a: Value, b: Value, dy: Value): Value {
  if (b.shape.length !== 2 || a.shape.length <= 2) return sumTo(g, g.op("MatMul", [swapLastAxes(g, a), dy]), b);
  const [inside, outside] = shapeOf(b);
  const rows = (value: Value, columns: number): Value => g.op("Reshape", [value, g.ints([-1, columns])]);
  return g.op("Gemm", [rows(a, inside), rows(dy, outside)], { transA: 1 });
}

export const matrixRules: GradientRules<keyof MatrixOperators> = {
  Gemm: (g, { inputs: [a, b, c], needs, attributes: { alpha = 1, beta = 1, transA = 0, transB = 0 } }, dy) => {
    // With A = op(a) and B = op(b): dA = alpha·dy·Bᵀ and dB = alpha·Aᵀ·dy, transposed again where op transposes.
    const da = (): Value =>
      transA
        ? g.op("Gemm", [b, dy], { alpha, transA: transB, transB: 1 })
        : g.op("Gemm", [dy, b], { alpha, transB: 1 - transB });
    const db = (): Value =>
      transB
        ? g.op("Gemm", [dy, a], { alpha, transA: 1, transB: transA })
        : g.op("Gemm", [a, dy], { alpha, transA: 1 - transA });
    const scaled = beta === 1 ? dy : g.op("Mul", [dy, g.fill(beta)]);
    return [needs(0) ? da() : undefined, needs(1) ? db() : undefined, c && needs(2) ? sumTo(g, scaled, c) : undefined];
  },
  MatMul: (g, { inputs: [a, b], needs }, dy) => [
    needs(0) ? sumTo(g, g.op("MatMul", [dy, swapLastAxes(g, b)]), a) : undefined,
    needs(1) ? rightGradient(g, a, b, dy) : undefined,
  ],
};
