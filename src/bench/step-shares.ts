import type { ProfiledShapes, ProfileEvent } from "./profile.ts";

/** Where the time of training steps goes, in shares that add up to 1. */
export interface StepShares {
  /** Convolutions and matrix products, while the main thread computes. */
  readonly products: number;
  /** All other operators, while it computes: they take memory through the processor. */
  readonly memory: number;
  /** The main thread waits for the others, or is between operators. */
  readonly waiting: number;
}

/** In whole per cent. */
export const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

export const describeShares = ({ products, memory, waiting }: StepShares): string =>
  `products ${percent(products)}, memory passes ${percent(memory)}, waiting ${percent(waiting)}`;

const products: ReadonlySet<string> = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

const firstShape = (shapes: ProfiledShapes, index: number): readonly number[] =>
  Object.values(shapes[index] ?? {})[0] ?? [];

/** A depthwise convolution multiplies each point with as many weights as it reads points: sums and copies are written as such. */
function isDepthwise(shapes: ProfiledShapes): boolean {
  const [[, channels = 1], [, perFilter = 1]] = [firstShape(shapes, 0), firstShape(shapes, 1)];
  return perFilter === 1 && channels > 1;
}

function isProduct({ args }: ProfileEvent): boolean {
  const { op_name: operator = "", input_type_shape: shapes = [] } = args ?? {};
  return products.has(operator) && !(operator.startsWith("Conv") && isDepthwise(shapes));
}

/**
 * Shares of the time of all steps but the first, which warms up. The profiler adds some microseconds to each operator, so that those of
 * many small operators are overstated.
 *
 * @param events of ONNX Runtime's profile on the processor, which tells for each operator how long the main thread waited within it
 */
export function shareStep(events: readonly ProfileEvent[]): StepShares {
  const runs = events.filter(({ cat, name }) => cat === "Session" && name === "model_run").slice(1);
  const taken = { products: 0, memory: 0 };
  for (const event of events) {
    const { cat, ts, dur, args } = event;
    if (cat !== "Node" || args?.op_name === undefined) continue;
    if (!runs.some((run) => ts >= run.ts && ts < run.ts + run.dur)) continue;
    const waited = args.thread_scheduling_stats?.main_thread?.Wait ?? 0;
    taken[isProduct(event) ? "products" : "memory"] += Math.max(0, dur - waited);
  }
  const total = runs.reduce((sum, { dur }) => sum + dur, 0);
  return {
    products: taken.products / total,
    memory: taken.memory / total,
    waiting: 1 - (taken.products + taken.memory) / total,
  };
}
