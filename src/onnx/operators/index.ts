import { type ActivationGradientOperators, activationGradientOperators } from "./activation-gradient.ts";
import { type BlockedOperators, blockedOperators } from "./blocked.ts";
import { type ConvolutionOperators, convolutionOperators } from "./convolution.ts";
import { type ContribOperators, contribOperators } from "./contrib.ts";
import type { OperatorTable } from "./definition.ts";
import { type ElementwiseOperators, elementwiseOperators } from "./elementwise.ts";
import { type MatrixOperators, matrixOperators } from "./matrix.ts";
import { type MovementOperators, movementOperators } from "./movement.ts";
import { type NormalizationOperators, normalizationOperators } from "./normalization.ts";
import { type PoolingOperators, poolingOperators } from "./pooling.ts";
import { type ReductionOperators, reductionOperators } from "./reduction.ts";

/** Every operator of which Residua builds graphs, with its attributes. */
export interface Operators
  extends
    ActivationGradientOperators,
    BlockedOperators,
    ContribOperators,
    ConvolutionOperators,
    ElementwiseOperators,
    MatrixOperators,
    MovementOperators,
    NormalizationOperators,
    PoolingOperators,
    ReductionOperators {}

/** The name of an operator; unlike in a file, the name alone distinguishes operators of different domains. */
export type OperatorName = keyof Operators;

/** The table of all operators: domain, attribute kinds and shape inference of each. */
export const operators: OperatorTable<Operators> = {
  ...activationGradientOperators,
  ...blockedOperators,
  ...contribOperators,
  ...convolutionOperators,
  ...elementwiseOperators,
  ...matrixOperators,
  ...movementOperators,
  ...normalizationOperators,
  ...poolingOperators,
  ...reductionOperators,
};

const namesByDomain = new Map<string, OperatorName>(
  (Object.keys(operators) as OperatorName[]).map((key) => [`${operators[key].domain}:${operators[key].name}`, key]),
);

/** Finds the operator that a node applies; undefined if Residua does not know it. */
export function findOperator(domain: string, name: string): OperatorName | undefined {
  return namesByDomain.get(`${domain === "ai.onnx" ? "" : domain}:${name}`);
}
