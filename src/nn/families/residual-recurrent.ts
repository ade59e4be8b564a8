import { pytorchGates, type RecurrentCell, unrollRecurrent } from "../../onnx/compose/recurrent.ts";
import { writeTo } from "../../onnx/compose/writer.ts";
import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { inOrder, residualBlock } from "../blocks/residual.ts";
import type { ModelFamily } from "../family.ts";
import { uniformFanIn } from "../initialization.ts";
import { dropout, linear, sequence, sequential } from "../layers.ts";
import { additiveOptionNames, type CompleteModelOptions, type ModelOptionName } from "../model-options.ts";
import { defineModule, type ForwardContext, type Module, requireInput } from "../module.ts";
import { createShortcut } from "../shortcuts/create.ts";
import { additiveShortcutTypes } from "../shortcuts/type.ts";

/** The recurrent cells. */
type Cell = Extract<RecurrentCell, "lstm" | "gru">;

/** `[N,C,T]` as `[T,N,C]`. */
const timeFirst = ({ g }: ForwardContext, x: Value): Value => g.op("Transpose", [x], { perm: [2, 0, 1] });
/** `[T,N,C]` as `[N,C,T]`. */
const timeLast = ({ g }: ForwardContext, x: Value): Value => g.op("Transpose", [x], { perm: [1, 2, 0] });

/**
 * One recurrent layer over all steps of a sequence, starting from a zero state.
 *
 * @shape `[N, inputs, T]` → `[N, hidden, T]`
 * @source Hochreiter and Schmidhuber 1997; Cho et al. 2014, arXiv:1406.1078; names and order of gates as in
 *   `torch.nn.LSTM` and `torch.nn.GRU`
 */
function recurrentLayer(cell: Cell, inputs: number, hidden: number): Module {
  const gates = pytorchGates[cell];
  const width = gates.length * hidden;
  const initialize = uniformFanIn(hidden);
  const parameters = {
    weight_ih_l0: { shape: [width, inputs], role: "weight", initialize },
    weight_hh_l0: { shape: [width, hidden], role: "weight", initialize },
    bias_ih_l0: { shape: [width], role: "bias", initialize },
    bias_hh_l0: { shape: [width], role: "bias", initialize },
  } as const;
  return defineModule(cell.toUpperCase(), { parameters }, (context, x) => {
    requireInput(context.path, x, 3, inputs);
    const steps = x.shape[2];
    if (typeof steps !== "number") throw new ShapeError(context.path, `needs a known number of steps, not "${steps}"`);
    const { outputs } = unrollRecurrent(writeTo(context.g), {
      cell,
      gates,
      x: timeFirst(context, x),
      steps,
      hidden,
      inputWeight: context.parameter("weight_ih_l0"),
      hiddenWeight: context.parameter("weight_hh_l0"),
      inputBias: context.parameter("bias_ih_l0"),
      hiddenBias: context.parameter("bias_hh_l0"),
    });
    return timeLast(context, outputs);
  });
}

/**
 * A recurrent layer with a shortcut, the same at every step: y_t = h_t + S(x_t).
 *
 * @shape `[N, inputs, T]` → `[N, hidden, T]`
 * @source Wu et al. 2016, arXiv:1609.08144, section 3.1 (stacked layers with residual connections)
 */
function residualLayer(cell: Cell, inputs: number, options: CompleteModelOptions): Module {
  const { hidden = HIDDEN, dropout: probability = 0 } = options;
  const branch = {
    rnn: recurrentLayer(cell, inputs, hidden),
    ...(probability === 0 ? {} : { dropout: dropout(probability) }),
  };
  const change = { inChannels: inputs, outChannels: hidden, stride: 1 };
  const shortcut = createShortcut(options.shortcut, change, {
    projectionNorm: false,
    projectionBias: true,
    ...options,
    dimensions: 1,
  });
  const kind = `Residual${cell.toUpperCase()}`;
  return residualBlock(kind, { branch, shortcut, run: inOrder(Object.keys(branch)), activation: "none" });
}

/** The values of the last step. @shape `[N,C,T]` → `[N,C]` */
function lastStep(): Module {
  return defineModule("LastStep", {}, ({ g }, x) => {
    const steps = shapeOf({ ...x, shape: x.shape.slice(2) })[0];
    return g.op("Flatten", [g.op("Slice", [x, g.ints([steps - 1]), g.ints([steps]), g.ints([2])])], { axis: 1 });
  });
}

const HIDDEN = 64;

/**
 * Stacked recurrent layers with a shortcut around each, then a classifier on the last step.
 *
 * @shape `[N, channels, T]` → `[N, classes]`
 */
function residualRecurrent(cell: Cell, layers: number, options: CompleteModelOptions): Module {
  const { hidden = HIDDEN, channels, classes } = options;
  const stack = Array.from({ length: layers }, (_, index) =>
    residualLayer(cell, index === 0 ? channels : hidden, options),
  );
  return sequential({ layers: sequence(stack), last: lastStep(), fc: linear(hidden, classes) });
}

const optionNames: readonly ModelOptionName[] = [...additiveOptionNames, "hidden", "dropout", "normEpsilon"];

/** Stacked LSTM or GRU layers with shortcuts between them; a projection where the width changes. */
export const recurrentFamily: ModelFamily = {
  title: "Residual recurrent network",
  source: "Wu et al. 2016, arXiv:1609.08144, section 3.1",
  names: ["reslstm2", "reslstm4", "reslstm8", "resgru2", "resgru4", "resgru8"],
  forms: "reslstm{layers} or resgru{layers} such as reslstm4 (sequences)",
  find: (name) => {
    const [, kind, count] = /^res(lstm|gru)(\d{1,2})$/.exec(name) ?? [];
    const layers = Number(count);
    if (kind === undefined || layers < 1) return undefined;
    return {
      defaults: { shortcut: "project", channels: 28, classes: 10, hidden: HIDDEN },
      accepts: optionNames,
      shortcuts: additiveShortcutTypes,
      extents: [28],
      build: (options) => residualRecurrent(kind === "lstm" ? "lstm" : "gru", layers, options),
    };
  },
};
