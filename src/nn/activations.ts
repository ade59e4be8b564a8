import type { GraphBuilder } from "../onnx/builder.ts";
import { composeGelu } from "../onnx/compose/activations.ts";
import { writeTo } from "../onnx/compose/writer.ts";
import type { Value } from "../onnx/graph.ts";
import type { ActivationName } from "./activation-name.ts";
import { defineModule, type Module } from "./module.ts";

interface Activation {
  /** PyTorch's name of the module. */
  readonly kind: string;
  readonly apply: (g: GraphBuilder, x: Value) => Value;
}

const activations: { readonly [Name in ActivationName]: Activation } = {
  relu: { kind: "ReLU", apply: (g, x) => g.op("Relu", [x]) },
  gelu: { kind: "GELU", apply: (g, x) => composeGelu(writeTo(g), x) },
};

/** Applies an activation within a module. */
export function activate(g: GraphBuilder, name: ActivationName, x: Value): Value {
  return activations[name].apply(g, x);
}

/** An activation as a layer of its own, with any shape. */
export function activation(name: ActivationName): Module {
  const { kind, apply } = activations[name];
  return defineModule(kind, {}, ({ g }, x) => apply(g, x));
}
