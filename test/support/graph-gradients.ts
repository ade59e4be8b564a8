import { buildTrainingStep } from "../../src/compile/step/steps.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import type { Module } from "../../src/nn/module.ts";
import { sgd } from "../../src/optim/sgd.ts";
import type { Shape } from "../../src/tensor/shape.ts";

/** The operators of a network's training step, and what it draws: names with the share that is kept. */
export function createGradients(
  module: Module,
  imageShape: Shape,
): { readonly ops: readonly string[]; readonly noise: readonly (readonly [string, number])[] } {
  const { graph, noise } = buildTrainingStep({ module, imageShape, batch: 4, loss: crossEntropy, optimizer: sgd() });
  const drawn = Array.from(noise, ([name, { keep }]) => [name, Math.round(keep * 1e6) / 1e6] as const);
  return { ops: graph.nodes.map(({ op }) => op), noise: drawn };
}
