import { randomStream } from "../../tensor/random.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";

/** Parameters by state-dict name. */
export type Weights = ReadonlyMap<string, Tensor<"float32">>;

/** A step in the space of parameters; what it lacks does not move. */
export type Direction = ReadonlyMap<string, Float32Array>;

const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** Keeps a filter that is 0 from being divided by 0. */
const NORM_FLOOR = 1e-10;

/**
 * A random direction whose every filter has the norm of the network's own: d ← d·‖w‖/‖d‖, filter by filter. Networks whose
 * filters are of different sizes can so be compared. Biases and batch norms do not move.
 *
 * @param names state-dict names of the trainable parameters
 * @source Li et al. 2018, arXiv:1712.09913, section 4
 */
export function drawDirection(weights: Weights, names: Iterable<string>, seed: number, index: number): Direction {
  const direction = new Map<string, Float32Array>();
  for (const name of names) {
    const weight = weights.get(name);
    if (weight === undefined || weight.shape.length < 2) continue;
    const stream = randomStream(seed, `direction ${name}`, index);
    const drawn = Float32Array.from(weight.data, () => stream.normal());
    direction.set(name, normalizeFilters(drawn, weight));
  }
  return direction;
}

/** Gives each filter (the first axis) of a direction the norm of the weight's. */
export function normalizeFilters(direction: Float32Array, weight: Tensor<"float32">): Float32Array {
  const filters = weight.shape[0];
  const size = weight.data.length / filters;
  const normalized = new Float32Array(direction.length);
  for (let filter = 0; filter < filters; filter++) {
    const part = direction.subarray(filter * size, (filter + 1) * size);
    const scale = norm(weight.data.subarray(filter * size, (filter + 1) * size)) / (norm(part) + NORM_FLOOR);
    part.forEach((value, place) => (normalized[filter * size + place] = value * scale));
  }
  return normalized;
}

/** w + a·d₁ + b·d₂ */
export function moveWeights(
  weights: Weights,
  moves: readonly { readonly direction: Direction; readonly by: number }[],
): Weights {
  const moved = new Map(weights);
  for (const [name, weight] of weights) {
    const own = moves.flatMap(({ direction, by }) => {
      const step = direction.get(name);
      return step === undefined || by === 0 ? [] : [{ step, by }];
    });
    if (own.length === 0) continue;
    const data = Float32Array.from(weight.data);
    for (const { step, by } of own) for (let index = 0; index < data.length; index++) data[index] += by * step[index];
    moved.set(name, float32(weight.shape, data));
  }
  return moved;
}

/** A plane through the end of a training, in which most of its way lies. */
export interface TrajectoryPlane {
  /** Two directions of length 1, at right angles. */
  readonly directions: readonly [Direction, Direction];
  /** Share of the way's squared length that each holds. */
  readonly shares: readonly [number, number];
  /** Where each moment lies in the plane; the end is at 0, 0. */
  readonly places: readonly (readonly [x: number, y: number])[];
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, index) => sum + value * b[index], 0);

/** Iterations of the power method: far more than pictures need. */
const ITERATIONS = 2000;

/**
 * The two largest eigenvalues of a symmetric matrix without negative ones, with eigenvectors of length 1: by the power method,
 * the second after the first was taken out.
 */
export function leadingEigenvectors(
  matrix: readonly Float64Array[],
): readonly { readonly value: number; readonly vector: Float64Array }[] {
  const rest = matrix.map((row) => Float64Array.from(row));
  return [0, 1].map((round) => {
    const stream = randomStream(0, "eigenvector", round);
    let vector = Float64Array.from(matrix, () => stream.normal());
    let value = 0;
    for (let iteration = 0; iteration < ITERATIONS; iteration++) {
      const next = Float64Array.from(rest, (row) => dot(row, vector));
      value = Math.sqrt(dot(next, next));
      if (value < 1e-300) return { value: 0, vector: new Float64Array(matrix.length) };
      vector = next.map((element) => element / value);
    }
    rest.forEach((row, i) => row.forEach((_, j) => (row[j] -= value * vector[i] * vector[j])));
    return { value, vector };
  });
}

/**
 * The plane through the last moment of a training that holds most of the way there: the principal directions of
 * θ₀ − θₙ, θ₁ − θₙ …, found through the small matrix of their inner products.
 *
 * @param moments the parameters on the way; the last is the end
 * @source Li et al. 2018, arXiv:1712.09913, section 7.2
 */
export function findTrajectoryPlane(moments: readonly Weights[], names: readonly string[]): TrajectoryPlane {
  const end = moments.at(-1)!;
  const partOf = (moment: Weights, name: string): Float64Array => {
    const [from, to] = [moment.get(name)!.data, end.get(name)!.data];
    return Float64Array.from(from, (value, index) => value - to[index]);
  };
  const differences = moments.map((moment) => new Map(names.map((name) => [name, partOf(moment, name)])));
  const inner = differences.map((a) =>
    Float64Array.from(differences, (b) => names.reduce((sum, name) => sum + dot(a.get(name)!, b.get(name)!), 0)),
  );
  const total = inner.reduce((sum, row, index) => sum + row[index], 0);
  const found = leadingEigenvectors(inner);
  const directions = found.map(({ value, vector }): Direction => {
    const scale = value === 0 ? 0 : 1 / Math.sqrt(value);
    const combine = (name: string): Float32Array => {
      const sum = new Float64Array(end.get(name)!.data.length);
      differences.forEach((difference, moment) => {
        const part = difference.get(name)!;
        const weight = vector[moment] * scale;
        for (let index = 0; index < sum.length; index++) sum[index] += weight * part[index];
      });
      return Float32Array.from(sum);
    };
    return new Map(names.map((name) => [name, combine(name)]));
  });
  // The i-th difference's coordinate along Σ vⱼ·Δⱼ/√λ is √λ·vᵢ.
  const places = moments.map((_, moment): [number, number] => {
    const [x, y] = found.map(({ value, vector }) => Math.sqrt(value) * vector[moment]);
    return [x, y];
  });
  const [x, y] = found.map(({ value }) => (total === 0 ? 0 : value / total));
  return { directions: directions as [Direction, Direction], shares: [x, y], places };
}

/** `count` numbers from −radius to radius; an odd count has 0 among them. */
export function gridOf(low: number, high: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => low + ((high - low) * index) / (count - 1));
}
