import { stepNames } from "../../compile/step/names.ts";
import type { RuntimeTensor } from "../../runtime/runtime.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import { readScalar } from "../trainer-state.ts";
import type { SplitStep } from "./split-step.ts";

type Tensors = Readonly<Record<string, Tensor<"float32">>>;
type Results = Readonly<Record<string, RuntimeTensor>>;

/**
 * What ranks sum in one step: the gradients, and for each part of the step its loss, its correct count and what it adds
 * to running statistics. Every part has a place of its own, which is 0 on all ranks but one: their sum is its value.
 */
export interface Message {
  readonly values: Float32Array;
  /** Gradients by output, where the gradient step writes them and the update reads them. */
  readonly gradients: Tensors;
  /** Begins a step. */
  readonly clear: () => void;
  /** Where the gradient step should write: in the message, or beside it if the message holds an earlier part. */
  readonly gradientPlaces: (isFirst: boolean) => Tensors;
  /** Adds the results of this rank's next part. @param place among the parts of all ranks */
  readonly add: (results: Results, place: number, isFirst: boolean) => Promise<void>;
  /** Mean loss and correct count over all parts, added up in their order. */
  readonly totals: () => { readonly loss: number; readonly correct: number };
  /** Running statistics after all parts, in their order. */
  readonly blendStatistics: (old: (name: string) => Promise<ArrayLike<number>>) => Promise<Tensors>;
}

/** Elements that a gradient starts at a multiple of: whole cache lines. */
const ALIGNMENT = 16;

/** Views of one array, one after another. */
function createViews(values: Float32Array, shapes: readonly (readonly [string, Shape])[]): Tensors {
  let end = 0;
  return Object.fromEntries(
    shapes.map(([name, shape]) => {
      const start = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
      end = start + sizeOf(shape);
      return [name, float32(shape, values.subarray(start, end))] as const;
    }),
  );
}

/** How the parts of a step are shared out. */
interface Shares {
  readonly rank: number;
  /** Over all ranks. */
  readonly parts: number;
  readonly partsPerRank: number;
  /** Whether the ranks' batches are normalised together, so that all ranks would add the same to running statistics. */
  readonly isJoined: boolean;
}

/** One array, so that each step needs one exchange. */
export function createMessage(
  { gradientShapes, statistics, gradient }: SplitStep,
  { rank, parts, partsPerRank, isJoined }: Shares,
): Message {
  const shapes = Array.from(gradientShapes, ([name, shape]) => [stepNames.gradient(name), shape] as const);
  const aligned = (length: number): number => Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  const length = shapes.reduce((sum, [, shape]) => sum + aligned(sizeOf(shape)), 0);
  const sizes = Array.from(statistics, ([name, shape]) => [name, sizeOf(shape)] as const);
  const perPart = sizes.reduce((sum, [, size]) => sum + size, 2);
  const values = new Float32Array(length + parts * perPart);
  const gradients = createViews(values, shapes);
  let spare: Tensors | undefined;
  const partAt = (place: number): Float32Array =>
    values.subarray(length + place * perPart, length + (place + 1) * perPart);
  const all = Array.from({ length: parts }, (_, place) => partAt(place));
  return {
    values,
    gradients,
    clear: () => void values.fill(0, length),
    gradientPlaces: (isFirst) => (isFirst ? gradients : (spare ??= createViews(new Float32Array(length), shapes))),
    add: async (results, place, isFirst) => {
      for (const [name, { data: sum }] of Object.entries(gradients)) {
        const data = (await results[name].read()).data as Float32Array;
        if (!isFirst) for (let index = 0; index < sum.length; index++) sum[index] += data[index];
        // Else it is there already, if the runtime writes in place.
        else if (data.buffer !== sum.buffer) sum.set(data);
        results[name].dispose();
      }
      const own = partAt(place);
      own[0] = await readScalar(results, stepNames.loss);
      own[1] = await readScalar(results, stepNames.correct);
      let at = 2;
      for (const [name, size] of sizes) {
        const added = results[stepNames.added(name)];
        // Joined, those of rank 0 count: elsewhere another processor may have rounded otherwise.
        if (!isJoined || rank === 0) own.set((await added.read()).data as Float32Array, at);
        added.dispose();
        at += size;
      }
    },
    totals: () => ({
      loss: all.reduce((sum, [loss]) => sum + loss, 0) / parts,
      correct: all.reduce((sum, [, correct]) => sum + correct, 0),
    }),
    blendStatistics: async (old) => {
      let at = 2;
      const next: Record<string, Tensor<"float32">> = {};
      for (const [name, size] of sizes) {
        const data = Float32Array.from(await old(name));
        const kept = Math.fround(gradient.logical.keptShares.get(name)!);
        // Rounded after each operation, as in a graph.
        for (const part of isJoined ? all.slice(0, partsPerRank) : all)
          for (let index = 0; index < size; index++) data[index] = Math.fround(data[index] * kept) + part[at + index];
        next[name] = float32(statistics.get(name)!, data);
        at += size;
      }
      return next;
    },
  };
}
