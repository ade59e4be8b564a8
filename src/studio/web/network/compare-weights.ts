import { sameShape } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { toFloat32 } from "../../../weights/to-float32.ts";

/** Squared norms: of the first network's weights, and of what the second's differ by. */
export interface WeightDistance {
  readonly own: number;
  readonly difference: number;
}

const nowhere: WeightDistance = { own: 0, difference: 0 };

/** Both distances together. */
export function addDistances(a: WeightDistance, b: WeightDistance): WeightDistance {
  return { own: a.own + b.own, difference: a.difference + b.difference };
}

function distanceOf(from: Tensor, to: Tensor): WeightDistance {
  const [before, after] = [toFloat32(from).data, toFloat32(to).data];
  let [own, difference] = [0, 0];
  before.forEach((value, at) => {
    own += value ** 2;
    difference += (after[at] - value) ** 2;
  });
  return { own, difference };
}

/**
 * How far a place's parameters lie apart; nothing if it has none, or the two have not the same ones: as many, of the same shapes, in
 * the same order.
 */
export function measureDistance(first: readonly Tensor[], second: readonly Tensor[]): WeightDistance | undefined {
  const areSame =
    first.length > 0 &&
    first.length === second.length &&
    first.every(({ shape }, at) => sameShape(shape, second[at].shape));
  return areSame ? first.map((own, at) => distanceOf(own, second[at])).reduce(addDistances, nowhere) : undefined;
}

/** ‖second − first‖ / ‖first‖: infinite if the first is 0 and the second is not. */
export function relativeDistance({ own, difference }: WeightDistance): number {
  return difference === 0 ? 0 : Math.sqrt(difference / own);
}
