import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, normalizeAxis } from "../../tensor/shape.ts";
import { RESIDUA_DOMAIN, type TensorType } from "../graph.ts";
import type { OperatorCall, OperatorTable } from "./definition.ts";

export interface BatchNormalizationAttributes {
  readonly epsilon?: number;
  /** Weight of the old running statistic: one minus PyTorch's momentum. */
  readonly momentum?: number;
  readonly training_mode?: number;
}

export interface BatchNormTrainingAttributes {
  readonly epsilon: number;
  /**
   * How many ranks there are, each with a batch of the same size, if the mean and variance are those of all their batches
   * together; the gradient of x is then of the sum of all ranks' losses. Left out: the rank's own batch.
   */
  readonly ranks?: number;
}

/** Normalisation: per batch in evaluation and training mode, per instance, per layer. */
export interface NormalizationOperators {
  /** `(x [N,C,…], gamma, beta, mean, variance [C]) → y`: evaluation mode, statistics given. */
  readonly BatchNormalization: BatchNormalizationAttributes;
  /**
   * `(x [N,C,…], gamma [C], beta [C]) → (y, mean [C], variance [C])`: normalises by the batch's own mean and biased
   * variance. The lowering decides how the variance is computed; a mean far larger than the deviation must not cancel
   * it.
   */
  readonly BatchNormTraining: BatchNormTrainingAttributes;
  /**
   * `(dy, x, gamma, mean, variance) → (dx, dgamma, dbeta)`, mean and variance as BatchNormTraining returned them.
   * @source Ioffe and Szegedy 2015, arXiv:1502.03167, section 3
   */
  readonly BatchNormTrainingGradient: BatchNormTrainingAttributes;
  /**
   * `(x) → y [ranks, …x]`: the values of all ranks, in rank order. Ranks run the same graph, each on its own batch; no runtime has the
   * operator, so the graph is cut there.
   */
  readonly GatherRanks: { readonly ranks: number };
  /**
   * `(x [N,C,…], gamma, beta [C]) → y`: each plane by its own mean and biased variance.
   * @source Ulyanov et al. 2016, arXiv:1607.08022
   */
  readonly InstanceNormalization: { readonly epsilon?: number };
  /**
   * `(x, gamma, beta?) → y`: over all axes from `axis`, whose shape gamma and beta have.
   * @source Ba et al. 2016, arXiv:1607.06450
   */
  readonly LayerNormalization: { readonly axis?: number; readonly epsilon?: number; readonly stash_type?: number };
}

/** The data input at `at`, if all inputs after it are vectors with one value per channel. */
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

function inferLayerNormalization(call: OperatorCall<{ readonly axis?: number }>): readonly TensorType[] {
  const x = call.input(0);
  const axis = normalizeAxis(call.where, call.attributes.axis ?? -1, x.shape.length);
  const normalized = x.shape.slice(axis);
  for (const index of call.inputs[2] ? [1, 2] : [1]) {
    if (formatShape(call.input(index).shape) !== formatShape(normalized)) {
      throw new ShapeError(
        call.where,
        `its scale and bias must have the shape ${formatShape(normalized)}, got ${formatShape(call.input(index).shape)}`,
      );
    }
  }
  const statistic = { dtype: x.dtype, shape: x.shape.map((extent, at) => (at < axis ? extent : 1)) };
  return [x, statistic, statistic].slice(0, call.outputCount);
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
    attributes: { epsilon: "float", ranks: "int" },
    infer: (call) => {
      const x = requireChannels(call, 0);
      const values = [call.attributes.ranks ?? 1, x.shape[0], ...x.shape.slice(2)];
      if (values.every((extent) => extent === 1)) {
        throw new ShapeError(
          call.where,
          `batch norm needs more than one value per channel to train, got ${formatShape(x.shape)}; use a larger batch or input`,
        );
      }
      return [x, call.input(1), call.input(1)];
    },
  },
  BatchNormTrainingGradient: {
    domain: RESIDUA_DOMAIN,
    name: "BatchNormTrainingGradient",
    attributes: { epsilon: "float", ranks: "int" },
    infer: (call) => [requireChannels(call, 1), call.input(2), call.input(2)],
  },
  GatherRanks: {
    domain: RESIDUA_DOMAIN,
    name: "GatherRanks",
    attributes: { ranks: "int" },
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      return [{ dtype, shape: [call.attributes.ranks, ...shape] }];
    },
  },
  InstanceNormalization: {
    domain: "",
    name: "InstanceNormalization",
    attributes: { epsilon: "float" },
    infer: (call) => [requireChannels(call, 0)],
  },
  LayerNormalization: {
    domain: "",
    name: "LayerNormalization",
    attributes: { axis: "int", epsilon: "float", stash_type: "int" },
    infer: inferLayerNormalization,
  },
};
