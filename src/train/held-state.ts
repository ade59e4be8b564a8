import { stepNames } from "../compile/step/names.ts";
import type { RuntimeTensor, Session } from "../runtime/runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The state between steps by name: given tensors, or results of the last step. */
export type HeldState = Readonly<Record<string, Tensor | RuntimeTensor>>;

export function disposeTensor(value: Tensor | RuntimeTensor | undefined): void {
  if (value !== undefined && "dispose" in value) value.dispose();
}

/** The state tensors that a run returned, by output: memory that a later run may write into. */
export function resultsIn(state: HeldState): Readonly<Record<string, RuntimeTensor>> {
  return Object.fromEntries(
    Object.entries(state).flatMap(([name, value]) => ("read" in value ? [[stepNames.next(name), value] as const] : [])),
  );
}

/** A packed tensor in memory that the given one does not share, since a step will write over it. */
export function ownMemory(packed: Tensor, given: Tensor): Tensor {
  return packed.data === given.data ? { ...packed, data: given.data.slice() } : packed;
}

/** The part of a state that a session takes: one that accumulates gradients needs no optimizer state. */
export function takenBy({ inputNames }: Pick<Session, "inputNames">, state: HeldState): HeldState {
  const names = new Set(inputNames);
  return Object.fromEntries(Object.entries(state).filter(([name]) => names.has(name)));
}
