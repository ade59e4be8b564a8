import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createModel } from "../nn/models.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { float32, int64, type Tensor } from "../tensor/tensor.ts";
import { openTrainer, planTraining } from "../train/engine.ts";
import { chooseLowering } from "../train/lowering.ts";
import { readRecipeJob } from "./recipe-job.ts";

/** A step of a recipe. */
export interface RecipeStep {
  readonly loss: number;
  /** Of the processor. */
  readonly seconds: number;
}

/** The first steps of a recipe, one when it is asked for. */
export interface RecipeSteps {
  /** What computes them. */
  readonly how: string;
  readonly take: () => Promise<RecipeStep>;
  readonly release: () => Promise<void>;
}

async function readNumbers(path: string, shape: Shape): Promise<Tensor<"float32">> {
  const { buffer, byteOffset } = await readFile(path);
  return float32(shape, new Float32Array(buffer.slice(byteOffset, byteOffset + 4 * sizeOf(shape))));
}

/** Opens Residua's training of a job at its first weights; it goes on through the job's batches. */
export async function openRecipeSteps(folder: string): Promise<RecipeSteps> {
  const { network, recipe, imageShape, counts, start, threads } = await readRecipeJob(folder);
  const { model, ...options } = network;
  const runtime = createNodeRuntime();
  const { name, lowering } = await chooseLowering(runtime, "auto");
  const plan = planTraining({
    module: createModel(model, options).module,
    sampleShape: imageShape,
    recipe,
    stepsPerEpoch: Math.floor(counts.train / recipe.batch),
    validates: false,
    // The first weights are whitened already.
    imagesToWhiten: () => [],
  });
  const state = new Map<string, Tensor<"float32">>();
  for (const [parameter, shape] of Object.entries(start))
    state.set(parameter, await readNumbers(join(folder, `start-${parameter}`), shape));
  const trainer = await openTrainer(plan, { runtime, lowering, session: { threads } }, { state, steps: 0 });
  return {
    how: `onnxruntime-node ${runtime.version}, ${name} lowering`,
    take: async () => {
      const at = join(folder, `batch-${trainer.steps}`);
      const images = await readNumbers(`${at}-images`, [recipe.batch, ...imageShape]);
      const labels = int64([recipe.batch], [...(await readFile(`${at}-labels`))]);
      const before = process.cpuUsage();
      const { loss } = await trainer.step({ images, labels }, plan.rateAt(trainer.steps));
      const { user, system } = process.cpuUsage(before);
      return { loss, seconds: (user + system) / 1e6 };
    },
    release: () => trainer.release(),
  };
}
