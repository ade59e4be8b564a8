import { toModel } from "../../src/compile/inference.ts";
import type { Lowering } from "../../src/compile/lowering.ts";
import { stepNames } from "../../src/compile/step/names.ts";
import type { StepGraph } from "../../src/compile/step/steps.ts";
import type { Module } from "../../src/nn/module.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import type { Optimizer } from "../../src/optim/optimizer.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { float32, int64, zeros } from "../../src/tensor/tensor.ts";
import { noiseState, noiseTensor } from "./noise.ts";

/** A step to take several times, on the images of `trajectory` in test/golden/networks.py. */
export interface TrajectoryOptions {
  readonly step: StepGraph;
  readonly module: Module;
  readonly optimizer: Optimizer;
  readonly lowering: Lowering;
  readonly seed: number;
  readonly rate: number;
}

/** The losses of the first steps. */
export async function followLosses(
  { step, module, optimizer, lowering, seed, rate }: TrajectoryOptions,
  steps: number,
): Promise<readonly number[]> {
  const lowered = lowering.lower(step.graph);
  const session = await createNodeRuntime().load(encodeModel(toModel(lowered.write())));
  const state = noiseState(module, seed);
  let kept: Parameters<typeof session.run>[0] = Object.fromEntries(
    step.graph.inputs.map(({ name, shape }) => {
      const value = state.get(name) ?? zeros("float32", shape as number[]);
      return [name, lowered.layouts.get(name)?.pack(value) ?? value] as const;
    }),
  );
  const losses: number[] = [];
  for (let index = 0; index < steps; index++) {
    const scalars = optimizer.scalarValues(rate, index + 1).map((value) => float32([], [value]));
    const results = await session.run({
      ...kept,
      ...Object.fromEntries(optimizer.scalars.map((scalar, at) => [scalar, scalars[at]])),
      images: noiseTensor(9000 + (index % 4), [8, 3, 16, 16]),
      labels: int64(
        [8],
        Array.from({ length: 8 }, (_, sample) => (sample + index) % 10),
      ),
    });
    const loss = await results[stepNames.loss].read();
    losses.push((loss.data as Float32Array)[0]);
    kept = { ...kept, ...Object.fromEntries(step.kept.map((input) => [input, results[stepNames.next(input)]])) };
  }
  await session.release();
  return losses;
}
