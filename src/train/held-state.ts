import { stepNames } from "../compile/step/names.ts";
import type { RuntimeTensor, Session } from "../runtime/runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The state between steps by name: given tensors, or results of the last step. */
export type HeldState = Readonly<Record<string, Tensor | RuntimeTensor>>;

export function disposeTensor(value: Tensor | RuntimeTensor | undefined): void {
  if (value !== undefined && "dispose" in value) value.dispose();
}

/** The state tensors that a run returned, by output: memory that a later run may write into. */
function resultsIn(state: HeldState): Readonly<Record<string, RuntimeTensor>> {
  return Object.fromEntries(
    Object.entries(state).flatMap(([name, value]) => ("read" in value ? [[stepNames.next(name), value] as const] : [])),
  );
}

/** A packed tensor in memory that the given one does not share, since a step will write over it. */
function ownMemory(packed: Tensor, given: Tensor): Tensor {
  return packed.data === given.data ? { ...packed, data: given.data.slice() } : packed;
}

/** The state of a training, and the memory in which the next step writes it. */
export interface StateMemory {
  readonly held: HeldState;
  /** Takes tensors as they are loaded or drawn, packed one by one, in place of those of their names. */
  readonly take: (values: Iterable<readonly [name: string, value: Tensor]>) => void;
  /** Takes the results of a step, or others, in place of those of their names. */
  readonly hold: (next: HeldState) => void;
  /** Gives up tensors that nothing holds. */
  readonly retire: (state: HeldState) => void;
  /** Where a run may write its outputs: over what it replaces, and into what was given up. */
  readonly places: () => HeldState;
  /** What {@link StateMemory.places} offered has been written. */
  readonly markWritten: () => void;
  readonly release: () => void;
}

/** @param inPlace outputs that a step writes over the state of a name, by that name */
export function createStateMemory({
  inPlace,
  pack,
  writesInPlace,
}: {
  readonly inPlace: ReadonlyMap<string, string>;
  readonly pack: (name: string, value: Tensor) => Tensor;
  /** Whether the runtime can write results into memory that it is given. */
  readonly writesInPlace: boolean;
}): StateMemory {
  let held: HeldState = {};
  /** Spare results by output: the next step writes into their memory. */
  let spare: Readonly<Record<string, RuntimeTensor>> = {};
  const retire = (state: HeldState): void => {
    const others = Object.fromEntries(Object.entries(state).filter(([name]) => !inPlace.has(name)));
    if (writesInPlace) spare = { ...spare, ...resultsIn(others) };
    else Object.values(others).forEach(disposeTensor);
  };
  const hold = (next: HeldState): void => {
    const replaced = Object.entries(held).filter(([name]) => Object.hasOwn(next, name));
    held = { ...held, ...next };
    retire(Object.fromEntries(replaced));
  };
  return {
    get held() {
      return held;
    },
    take: (values) => {
      const next: Record<string, Tensor> = {};
      for (const [name, value] of values) {
        const packed = pack(name, value);
        next[name] = inPlace.has(name) ? ownMemory(packed, value) : packed;
      }
      hold(next);
    },
    hold,
    retire,
    places: () => ({ ...spare, ...Object.fromEntries(Array.from(inPlace, ([name, output]) => [output, held[name]])) }),
    markWritten: () => {
      spare = {};
    },
    release: () => {
      Object.values(held).forEach(disposeTensor);
      [held, spare] = [{}, {}];
    },
  };
}

/** The part of a state that a session takes: one that accumulates gradients needs no optimizer state. */
export function takenBy({ inputNames }: Pick<Session, "inputNames">, state: HeldState): HeldState {
  const names = new Set(inputNames);
  return Object.fromEntries(Object.entries(state).filter(([name]) => names.has(name)));
}
