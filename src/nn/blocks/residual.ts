import type { Value } from "../../onnx/graph.ts";
import type { ActivationName } from "../activation-name.ts";
import { activate } from "../activations.ts";
import { diracOver, kaimingNormal } from "../initialization.ts";
import { batchNorm, callInOrder, conv, type ConvOptions, dropout } from "../layers.ts";
import { noNorm } from "../norm-free.ts";
import { defineModule, type ForwardContext, type Module, type ParameterSpec } from "../module.ts";
import type { Shortcut } from "../shortcuts/create.ts";
import { attention } from "./attention.ts";
import type { BlockOptions } from "./options.ts";
import { dropPath } from "./stochastic-depth.ts";

/** Layers by a block's options, so that an option reaches every layer that it names. */
export interface BlockLayers {
  readonly conv: (inChannels: number, outChannels: number, options: ConvOptions) => Module;
  readonly norm: (channels: number, options?: { readonly last?: boolean }) => Module;
}

/** Convolutions and norms of a block; without norms, convolutions have biases. */
export function blockLayers(options: BlockOptions): BlockLayers {
  const { dimensions = 2, norm = "batch", normEpsilon, normMomentum } = options;
  const { zeroInitResidual = false, diracInit = false } = options;
  const bias = norm === "none";
  const startOf = ({ initialize = kaimingNormal("fan-out") }: ConvOptions) =>
    diracInit ? diracOver(initialize) : initialize;
  return {
    conv: (inChannels, outChannels, own) =>
      conv(inChannels, outChannels, { bias, ...own, dimensions, initialize: startOf(own) }),
    norm: (channels, { last = false } = {}) =>
      norm === "none"
        ? noNorm()
        : batchNorm(channels, {
            ...(normEpsilon === undefined ? {} : { epsilon: normEpsilon }),
            ...(normMomentum === undefined ? {} : { momentum: normMomentum }),
            initialScale: last && zeroInitResidual ? 0 : 1,
          }),
  };
}

/** What ends a residual, under timm's names: attention, then stochastic depth. */
export function residualEnd(channels: number, options: BlockOptions): Readonly<Record<string, Module>> {
  const { attention: type = "none", attentionReduction, dropPath: probability = 0, dimensions = 2 } = options;
  const squeezing = { dimensions, ...(attentionReduction === undefined ? {} : { reduction: attentionReduction }) };
  return {
    ...(type === "none" ? {} : { se: attention(type, channels, squeezing) }),
    ...(probability === 0 ? {} : { drop_path: dropPath(probability) }),
  };
}

/** Dropout between convolutions, if any. */
export function innerDropout({ innerDropout: probability = 0 }: BlockOptions): Readonly<Record<string, Module>> {
  return probability === 0 ? {} : { dropout: dropout(probability) };
}

/** What a residual block is made of. */
export interface ResidualParts {
  /** Layers of F by name. */
  readonly branch: Readonly<Record<string, Module>>;
  /** Parameters of the block itself. */
  readonly parameters?: Readonly<Record<string, ParameterSpec>>;
  readonly shortcut: Shortcut;
  /** Runs F and returns what the shortcut carries. */
  readonly run: (context: ForwardContext, x: Value) => { readonly residual: Value; readonly activated?: Value };
  /** What follows the addition. */
  readonly activation: ActivationName | "none";
}

/** A block y = act(F(x) + S(x)), with the sum defined by the shortcut. */
export function residualBlock(
  kind: string,
  { branch, parameters = {}, shortcut, run, activation }: ResidualParts,
): Module {
  const children = { ...branch, ...shortcut.children };
  const parts = { children, parameters, facts: { block: true, shortcut: shortcut.kind } };
  return defineModule(kind, parts, (context, x) => {
    const { residual, ...carried } = run(context, x);
    const sum = shortcut.join(context, { x, ...carried }, residual);
    return activation === "none" ? sum : activate(context.g, activation, sum);
  });
}

/** F as a sequence of layers. */
export function inOrder(names: readonly string[]): ResidualParts["run"] {
  return (context, x) => ({ residual: callInOrder(context, x, names) });
}
