import { stepNames } from "../compile/step/names.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";

/**
 * What a training starts with: gradients of the mean loss of a network that is not trained yet reach float16's limit of 65504 above it,
 * and PyTorch's 65536 would cost the first steps.
 */
const FIRST = 2 ** 12;
const LARGEST = 2 ** 24;
/** Updates in a row after which it doubles. */
const PATIENCE = 2000;

/** With a slash, as all that belongs to a training and not to its network. */
const STATE = `${stepNames.lossScale}/state`;

/** The factor on the loss of a step with mixed precision, and what it depends on; part of a training's state. */
export interface LossScale {
  readonly value: number;
  /** Steps so far whose update was skipped. */
  readonly skipped: number;
  /** After an update with finite gradients: doubles after 2000 in a row. */
  grow(): void;
  /** After gradients that are not finite: halves. @returns false if it is 1 already, so that it is not the reason */
  halve(): boolean;
  /** As an entry of the state. */
  entry(): readonly [string, Tensor<"float32">];
  /** Takes over a state's entry; starts anew if it has none. */
  load(state: ReadonlyMap<string, Tensor>): void;
}

/** @source `torch.amp.GradScaler` */
export function createLossScale(): LossScale {
  let [value, updates, skipped] = [FIRST, 0, 0];
  return {
    get value() {
      return value;
    },
    get skipped() {
      return skipped;
    },
    grow: () => {
      updates++;
      if (updates < PATIENCE) return;
      value = Math.min(LARGEST, value * 2);
      updates = 0;
    },
    halve: () => {
      if (value <= 1) return false;
      value /= 2;
      updates = 0;
      skipped++;
      return true;
    },
    entry: () => [STATE, float32([3], [value, updates, skipped])],
    load: (state) => {
      const held = state.get(STATE);
      [value, updates, skipped] = held === undefined ? [FIRST, 0, 0] : Array.from(held.data as Float32Array);
    },
  };
}
