import { ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { RESIDUA_DOMAIN, type TensorType } from "../graph.ts";
import type { OperatorCall, OperatorTable } from "./definition.ts";

export interface BatchNormalizationAttributes {
  readonly epsilon?: number;
  /** Weight of the old running statistic: one minus PyTorch's momentum. */
  readonly momentum?: number;
  readonly training_mode?: number;
}

/** Batch normalisation, in evaluation and in training mode. */
export interface NormalizationOperators {
  /** `(x [N,C,…], gamma, beta, mean, variance [C]) → y`: evaluation mode, statistics given. */
  readonly BatchNormalization: BatchNormalizationAttributes;
  /**
   * `(x [N,C,…], gamma [C], beta [C]) → (y, mean [C], variance [C])`: normalises by the batch's own mean and biased
   * variance. How the variance is computed is the lowering's matter; a mean far larger than the deviation must not
   * make it cancel.
   */
  readonly BatchNormTraining: { readonly epsilon: number };
  /**
   * `(dy, x, gamma, mean, variance) → (dx, dgamma, dbeta)`, mean and variance as BatchNormTraining returned them.
   * @source Ioffe and Szegedy 2015, arXiv:1502.03167, section 3
   */
  readonly BatchNormTrainingGradient: { readonly epsilon: number };
}

/** The data input at `at`, when all inputs behind it are vectors with a value a channel. */
function requireChannels(call: OperatorCall<unknown>, at: number): TensorType {
  const x = call.input(at);
  for (let index = at + 1; index < call.inputs.length; index++) {
    const vector = call.input(index).shape;
    if (vector.length !== 1 || vector[0] !== x.shape[1]) {
      throw new ShapeError(
        call.where,
        `needs one value for each of ${x.shape[1]} channels, got ${formatShape(vector)}`,
      );
    }
  }
  return x;
}

export const normalizationOperators: OperatorTable<NormalizationOperators> = {
  BatchNormalization: {
    domain: "",
    name: "BatchNormalization",
    attributes: { epsilon: "float", momentum: "float", training_mode: "int" },
    infer: (call) => {
      const x = requireChannels(call, 0);
      const vector = call.input(1);
      return [x, vector, vector].slice(0, call.outputCount);
    },
  },
  BatchNormTraining: {
    domain: RESIDUA_DOMAIN,
    name: "BatchNormTraining",
    attributes: { epsilon: "float" },
    infer: (call) => {
      const x = requireChannels(call, 0);
      const values = [x.shape[0], ...x.shape.slice(2)];
      if (values.every((extent) => extent === 1)) {
        throw new ShapeError(
          call.where,
          `batch norm needs more than one value a channel to train, got ${formatShape(x.shape)}; use a larger batch or input`,
        );
      }
      return [x, call.input(1), call.input(1)];
    },
  },
  BatchNormTrainingGradient: {
    domain: RESIDUA_DOMAIN,
    name: "BatchNormTrainingGradient",
    attributes: { epsilon: "float" },
    infer: (call) => [requireChannels(call, 1), call.input(2), call.input(2)],
  },
};
