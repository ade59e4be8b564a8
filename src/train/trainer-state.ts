import { stepNames } from "../compile/step/names.ts";
import { drawState } from "../nn/initialization.ts";
import type { Module } from "../nn/module.ts";
import type { RuntimeTensor } from "../runtime/runtime.ts";
import { WeightsError } from "../tensor/errors.ts";
import { formatShape, sameShape, type Shape } from "../tensor/shape.ts";
import { type Tensor, zeros } from "../tensor/tensor.ts";

/** The persistent state of a step, and the part that belongs to the optimizer. */
interface KeptShapes {
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly optimizerState: ReadonlySet<string>;
}

/** What a training begins with: drawn parameters, averages that start from them, and an optimizer that has seen nothing; one by one. */
export function* freshState(
  { module, seed }: { readonly module: Module; readonly seed: number },
  { shapes, optimizerState }: KeptShapes,
): Generator<readonly [name: string, value: Tensor]> {
  for (const [name, value] of drawState(module, seed))
    for (const each of [name, stepNames.average(name)]) if (shapes.has(each)) yield [each, value];
  for (const name of optimizerState) yield [name, zeros("float32", shapes.get(name)!)];
}

/** Completes a state with every persistent tensor, in the step's order. */
export function completeState(
  given: ReadonlyMap<string, Tensor>,
  { shapes, optimizerState }: KeptShapes,
  partial: boolean,
): readonly (readonly [string, Tensor])[] {
  const mayLack = partial || !Array.from(optimizerState).some((name) => given.has(name));
  return Array.from(shapes, ([name, shape]) => {
    const value =
      given.get(name) ??
      averagedOf(name, given) ??
      (mayLack && optimizerState.has(name) ? zeros("float32", shape) : undefined);
    if (value === undefined) throw new WeightsError("state", `has no "${name}"; it belongs to another training`);
    if (value.dtype === "float32" && sameShape(value.shape, shape)) return [name, value];
    const found = `${value.dtype} ${formatShape(value.shape)}`;
    throw new WeightsError("state", `"${name}" is ${found}, must be float32 ${formatShape(shape)}`);
  });
}

const AVERAGE = stepNames.average("");

/** A moving average starts from the value that it averages. */
function averagedOf(name: string, given: ReadonlyMap<string, Tensor>): Tensor | undefined {
  return name.startsWith(AVERAGE) ? given.get(name.slice(AVERAGE.length)) : undefined;
}

/** Reads a one-element result and releases its memory. */
export async function readScalar(results: Readonly<Record<string, RuntimeTensor>>, name: string): Promise<number> {
  const { data } = await results[name].read();
  results[name].dispose();
  return Number(data[0]);
}
