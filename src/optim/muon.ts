import type { GraphBuilder } from "../onnx/builder.ts";
import { shapeOf } from "../onnx/builder.ts";
import type { Value } from "../onnx/graph.ts";
import { OptionError } from "../tensor/errors.ts";
import type { ParameterRole } from "../nn/module.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { type Optimizer, scale, shrink } from "./optimizer.ts";
import { sgd } from "./sgd.ts";

/** Options of Muon. */
export interface MuonOptions {
  /** Share of the previous step's direction that is kept. Default 0.95. */
  readonly momentum?: number;
  /** Looks ahead along the momentum. Default true. */
  readonly nesterov?: boolean;
  /** Share of a filter removed per step, multiplied by the learning rate; for all else, the weight of ½‖w‖² in the loss. Default 0. */
  readonly weightDecay?: number;
  /** Weight decay shrinks all else too, by its own rate times decay. Default false. */
  readonly decoupledDecay?: boolean;
  /**
   * Rescales the weight W of each convolution before a batch norm to ‖W‖ = √O before each step, so that equal rates turn all by equal
   * angles; weight decay has no effect on these. Default false.
   */
  readonly unitFilters?: boolean;
  /** Learning rate of all that is no filter, which SGD trains, as a multiple of the filters'. Default 5. */
  readonly otherRate?: number;
}

/** What is not given. */
export const muonDefaults: Required<MuonOptions> = {
  momentum: 0.95,
  nesterov: true,
  weightDecay: 0,
  decoupledDecay: false,
  unitFilters: false,
  otherRate: 5,
};

/** a, b and c of the quintic: its slope at 0 is as steep as possible, at the price of singular values of 0.7 to 1.2 instead of 1. */
const QUINTIC = [3.4445, -4.775, 2.0315] as const;
const ITERATIONS = 5;
/** Added to the norm, so that a zero gradient stays zero. */
const NORM_FLOOR = 1e-7;

/** x·yᵀ, for matrices. */
function timesTransposed(g: GraphBuilder, x: Value, y: Value): Value {
  return g.op("MatMul", [x, g.op("Transpose", [y], { perm: [1, 0] })]);
}

/**
 * Brings all singular values of a matrix near 1 and keeps its singular vectors: an approximation of U·Vᵀ for U·Σ·Vᵀ.
 * X ← a·X + (b·A + c·A²)·X with A = X·Xᵀ, five times, from X / ‖X‖, on the side that is shorter.
 *
 * @param matrix `[rows, columns]`
 * @returns `[rows, columns]`
 * @source Jordan et al. 2024, kellerjordan.github.io/posts/muon: `newtonschulz5`
 */
export function orthogonalize(g: GraphBuilder, matrix: Value): Value {
  const [rows, columns] = shapeOf(matrix);
  const [a, b, c] = QUINTIC;
  const transpose = (x: Value): Value => (rows > columns ? g.op("Transpose", [x], { perm: [1, 0] }) : x);
  const norm = g.op("Sqrt", [g.op("ReduceSumSquare", [matrix], { keepdims: 0 })]);
  let x = transpose(g.op("Div", [matrix, g.op("Add", [norm, g.fill(NORM_FLOOR)])]));
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const square = timesTransposed(g, x, x);
    const higher = g.op("Add", [scale(g, square, b), scale(g, g.op("MatMul", [square, square]), c)]);
    x = g.op("Add", [scale(g, x, a), g.op("MatMul", [higher, x])]);
  }
  return transpose(x);
}

/** A tensor of any shape with this Euclidean norm; zeros stay zeros. */
function rescale(g: GraphBuilder, tensor: Value, norm: number): Value {
  const own = g.op("Sqrt", [g.op("ReduceSumSquare", [tensor], { keepdims: 0 })]);
  return g.op("Mul", [tensor, g.op("Div", [g.fill(norm), g.op("Add", [own, g.fill(NORM_FLOOR)])])]);
}

/** Whether it is the weight of a convolution. */
const isFilter = (role: ParameterRole, shape: Shape): boolean => role === "weight" && shape.length >= 3;

/**
 * Muon: the direction of SGD with momentum, as a matrix [O, I·k·k] for every filter, with all its singular values near 1:
 * m ← μ·m + g, D = orthogonal(g + μ·m)·√max(1, O/(I·k·k)), w ← w − rate·decay·w − rate·D. Filters are the weights of
 * convolutions; biases, norms and linear layers (the classifier) are trained by SGD with the same momentum. With `unitFilters`,
 * w ← w·√O/‖w‖ comes first where a batch norm follows, and no decay.
 *
 * @throws {OptionError} if an option is out of its range
 * @source Jordan et al. 2024, kellerjordan.github.io/posts/muon; github.com/KellerJordan/Muon, `muon_update`; filters by Muon and
 *   all else by SGD, and norms of √O, as in `airbench94_muon.py` of github.com/KellerJordan/cifar10-airbench
 */
export function muon(options: MuonOptions = {}): Optimizer {
  const { momentum, nesterov, weightDecay, decoupledDecay, unitFilters, otherRate } = { ...muonDefaults, ...options };
  if (!(otherRate > 0 && otherRate < Infinity)) throw new OptionError("otherRate", `must be above 0, got ${otherRate}`);
  // It checks the other options as well.
  const others = sgd({ momentum, nesterov, weightDecay, decoupledDecay });
  return {
    name: "muon",
    state: others.state,
    scalars: others.scalars,
    scalarValues: others.scalarValues,
    isElementwise: (role, shape) => !isFilter(role, shape),
    update: (g, input) => {
      const { parameter, gradient, role, rowMajor, scaleInvariant } = input;
      const [velocity, rate] = [input.state[0], input.scalars[0]];
      const { shape } = rowMajor;
      if (!isFilter(role, shape)) return others.update(g, { ...input, scalars: [scale(g, rate, otherRate)] });
      const [rows, columns] = [shape[0], sizeOf(shape.slice(1))];
      const next = momentum === 0 ? undefined : g.op("Add", [scale(g, velocity, momentum), gradient]);
      const ahead = next && nesterov ? g.op("Add", [gradient, scale(g, next, momentum)]) : (next ?? gradient);
      const direction = orthogonalize(g, g.op("Reshape", [rowMajor.unpack(ahead), g.ints([rows, columns])]));
      const step = scale(
        g,
        rowMajor.pack(g.op("Reshape", [direction, g.ints(shape)])),
        Math.sqrt(Math.max(1, rows / columns)),
      );
      const kept =
        unitFilters && scaleInvariant ? rescale(g, parameter, Math.sqrt(rows)) : shrink(g, input, weightDecay);
      return { parameter: g.op("Sub", [kept, g.op("Mul", [step, rate])]), state: next ? [next] : [] };
    },
  };
}
