import { describe, expect, test } from "vitest";
import { buildInference } from "../../src/compile/inference.ts";
import { stepNames } from "../../src/compile/step/names.ts";
import { buildGradientStep } from "../../src/compile/step/steps.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import type { ModelOptions } from "../../src/nn/model-options.ts";
import { createModel } from "../../src/nn/models.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { int64, type Tensor } from "../../src/tensor/tensor.ts";
import { readGoldenJson, readGoldenTensors, relativeError } from "./golden.ts";
import type { Lowering } from "../../src/compile/lowering.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { lowerings } from "./lowerings.ts";
import { calmState, noiseMask, noiseState, noiseTensor } from "./noise.ts";
import { runGraph } from "./run-graph.ts";

interface Case {
  readonly name: string;
  readonly model: string;
  readonly options: ModelOptions;
  readonly seed: number;
  readonly inputSeed: number;
  readonly size: number;
  readonly batch: number;
  readonly classes: number;
  readonly loss: number;
  /** Three times what PyTorch's own float32 misses its float64 by, in training mode. */
  readonly scoreLimit: number;
  /** The same in evaluation mode, as far as recorded: gates of attention may be open or closed by a hair there. */
  readonly evaluateLimit?: number;
  /** Whether biases are far from 0, for the sake of relus; default true. */
  readonly calm?: boolean;
}

const LOGITS = 1e-5;
const GRADIENTS = 1e-3;
const SMALLEST_SCALE = 1e-3;
/** Generous: it ends a hang, nothing else. */
const timeout = 1_800_000;

const floats = (value: Tensor | undefined): Float32Array => value!.data as Float32Array;

/** What runs a graph, and how it is lowered for it. */
export interface Target {
  readonly name: string;
  readonly lowering: Lowering;
  /** Default: the processor's. */
  readonly runtime?: Runtime;
}

/**
 * Expects the networks of a file of golden values to give PyTorch's logits, loss and gradients.
 *
 * @param file without its ending
 * @param options.first only so many of its cases
 * @param options.targets default: the processor with every lowering
 */
export function expectFamilies(
  file: string,
  {
    first,
    targets = lowerings.map((lowering) => ({ name: lowering.name, lowering })),
  }: { readonly first?: number; readonly targets?: readonly Target[] } = {},
): void {
  const {
    cases,
    samples,
    spared = [],
  } = readGoldenJson<{
    readonly cases: readonly Case[];
    readonly samples: number;
    /** Parts of the names whose biases are not moved. */
    readonly spared?: readonly string[];
  }>(`${file}.json`);
  const golden = readGoldenTensors(`${file}.safetensors`);
  describe.each(targets)("$name", ({ lowering, runtime }) => {
    test.each(cases.slice(0, first))(
      "$model $options: logits, loss and gradients agree with PyTorch's",
      { timeout },
      async ({
        name,
        model,
        options,
        seed,
        inputSeed,
        size,
        batch,
        classes,
        loss,
        scoreLimit,
        evaluateLimit = 0,
        calm = true,
      }) => {
        const { module } = createModel(model, { ...options, classes });
        const imageShape = [3, size, size];
        const state = calm ? calmState(module, seed, spared) : new Map(noiseState(module, seed));
        const images = noiseTensor(inputSeed, [batch, ...imageShape]);
        const labels = int64(
          [batch],
          Array.from({ length: batch }, (_, index) => (index * 7) % classes),
        );
        const inference = buildInference(module, imageShape, state);
        const evaluated = await runGraph(inference, { images }, lowering, runtime);
        const scores = floats(golden.get(`${name}/evaluate`));
        expect
          .soft(relativeError(floats(evaluated[stepNames.scores]), scores))
          .toBeLessThan(Math.max(evaluateLimit, LOGITS));

        const step = buildGradientStep({ module, imageShape, batch, loss: crossEntropy });
        const masks = Array.from(step.noise, ([mask, { value, keep }]) => [
          mask,
          noiseMask(seed, mask, value.shape as Shape, keep),
        ]);
        const feeds = { images, labels, ...Object.fromEntries(state), ...Object.fromEntries(masks) };
        const trained = await runGraph(step.graph, feeds as Readonly<Record<string, Tensor>>, lowering, runtime);
        const limit = Math.max(scoreLimit, LOGITS);
        expect
          .soft(relativeError(floats(trained[stepNames.scores]), floats(golden.get(`${name}/train`))))
          .toBeLessThan(limit);
        expect.soft(Math.abs(floats(trained[stepNames.loss])[0] - loss)).toBeLessThan(limit * Math.max(1, loss));
        const expectedOf = (parameter: string): Float32Array => floats(golden.get(`${name}/gradient/${parameter}`));
        const largest = Math.max(...Array.from(step.trained.keys(), (parameter) => expectedOf(parameter)[samples]));
        for (const parameter of step.trained.keys()) {
          const gradient = floats(trained[stepNames.gradient(parameter)]);
          const expected = expectedOf(parameter);
          // What cancels to nothing, such as a bias before batch norm, has no scale of its own.
          const scale = Math.max(expected[samples], SMALLEST_SCALE * largest);
          const differences = Array.from({ length: samples }, (_, index) =>
            Math.abs(gradient[(index * 7919) % gradient.length] - expected[index]),
          );
          expect.soft(Math.max(...differences) / scale, parameter).toBeLessThan(GRADIENTS);
        }
      },
    );
  });
}
