/**
 * Residual networks in TypeScript: the names to build, differentiate, compile and run a network by hand. To train, open and
 * compare networks, import from `residua/node` or `residua/web`. All parts have entry points of their own (`residua/nn`,
 * `residua/optim`, `residua/compile` …); what needs Node or a browser is behind `residua/…/node` and `residua/…/web`.
 */

/** Networks: by name, or of layers; their parameters, and what they cost. */
export { defineModule, type Module, parametersOf } from "./nn/module.ts";
export { createModel, modelNames } from "./nn/models.ts";
export { batchNorm, conv, globalAveragePool, linear, relu, sequential } from "./nn/layers.ts";
export { type ShortcutType, shortcutTypes } from "./nn/shortcuts/type.ts";
export { describeModule } from "./nn/describe.ts";
export { initializeState } from "./nn/initialization.ts";
export { crossEntropy } from "./nn/losses.ts";

/** Graphs: built, differentiated, read and written as ONNX. */
export type { Graph, Model } from "./onnx/graph.ts";
export { createGraphBuilder } from "./onnx/builder.ts";
export { addGradients } from "./autodiff/backward.ts";
export { decodeModel } from "./onnx/decode.ts";
export { encodeModel } from "./onnx/encode.ts";

/** Training: optimizers, one step as a graph, and the loop around it. */
export { adamw } from "./optim/adamw.ts";
export { sgd } from "./optim/sgd.ts";
export { createSchedule } from "./optim/schedules.ts";
export { buildInference, toModel } from "./compile/inference.ts";
export { buildTrainingStep } from "./compile/step/steps.ts";
export { chooseLowering } from "./train/lowering.ts";
export { createTrainer } from "./train/trainer.ts";

/** Tensors, seeded randomness, and the error that all others are. */
export { float32, int64, type Tensor, zeros } from "./tensor/tensor.ts";
export { randomStream } from "./tensor/random.ts";
export { ResiduaError } from "./tensor/errors.ts";
