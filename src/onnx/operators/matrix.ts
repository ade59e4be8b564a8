import { ShapeError } from "../../tensor/errors.ts";
import { broadcastShapes, formatShape } from "../../tensor/shape.ts";
import type { TensorType } from "../graph.ts";
import type { NoAttributes, OperatorCall, OperatorTable } from "./definition.ts";

export interface GemmAttributes {
  readonly alpha?: number;
  readonly beta?: number;
  readonly transA?: number;
  readonly transB?: number;
}

/** Matrix products. */
export interface MatrixOperators {
  /** `(a [M,K], b [K,N], c?) → y [M,N]`: alpha·a·b + beta·c, each of a and b transposed first if asked */
  readonly Gemm: GemmAttributes;
  /** `(a […,M,K], b […,K,N]) → y […,M,N]` */
  readonly MatMul: NoAttributes;
}

function inferGemm(call: OperatorCall<GemmAttributes>): readonly TensorType[] {
  const a = call.input(0).shape;
  const b = call.input(1).shape;
  const [rows, inner] = call.attributes.transA ? [a[1], a[0]] : [a[0], a[1]];
  const [other, columns] = call.attributes.transB ? [b[1], b[0]] : [b[0], b[1]];
  if (a.length !== 2 || b.length !== 2 || inner !== other) {
    throw new ShapeError(
      call.where,
      `cannot multiply ${formatShape(a)} by ${formatShape(b)}: inner extents ${inner} and ${other}`,
    );
  }
  return [{ dtype: call.input(0).dtype, shape: [rows, columns] }];
}

function inferMatMul(call: OperatorCall<NoAttributes>): readonly TensorType[] {
  const a = call.input(0).shape;
  const b = call.input(1).shape;
  if (a.length < 2 || b.length < 2 || a.at(-1) !== b.at(-2)) {
    throw new ShapeError(call.where, `cannot multiply ${formatShape(a)} by ${formatShape(b)}`);
  }
  const batch = broadcastShapes(call.where, a.slice(0, -2), b.slice(0, -2));
  return [{ dtype: call.input(0).dtype, shape: [...batch, a.at(-2)!, b.at(-1)!] }];
}

export const matrixOperators: OperatorTable<MatrixOperators> = {
  Gemm: {
    domain: "",
    name: "Gemm",
    attributes: { alpha: "float", beta: "float", transA: "int", transB: "int" },
    infer: inferGemm,
  },
  MatMul: { domain: "", name: "MatMul", attributes: {}, infer: inferMatMul },
};
