import type { DifferentiableOp, GradientRules } from "../rule.ts";
import { convolutionRules } from "./convolution.ts";
import { elementwiseRules } from "./elementwise.ts";
import { matrixRules } from "./matrix.ts";
import { movementRules } from "./movement.ts";
import { normalizationRules } from "./normalization.ts";
import { poolingRules } from "./pooling.ts";
import { reductionRules } from "./reduction.ts";

/** One row per operator; a missing row is a compile error. */
export const gradientRules: GradientRules<DifferentiableOp> = {
  ...convolutionRules,
  ...elementwiseRules,
  ...matrixRules,
  ...movementRules,
  ...normalizationRules,
  ...poolingRules,
  ...reductionRules,
};
