import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { sameShape, type Shape } from "../../tensor/shape.ts";

/** Reshapes unless the value already has that shape. */
export function reshapeTo(g: GraphBuilder, value: Value, shape: Shape): Value {
  return sameShape(value.shape, shape) ? value : g.op("Reshape", [value, g.ints(shape)]);
}

/** Sums over the axes along which an operand of `target`'s shape was broadcast: the adjoint of broadcasting. */
export function sumTo(g: GraphBuilder, value: Value, target: Value): Value {
  const shape = shapeOf(value);
  const wanted = shapeOf(target);
  const axes = shape.flatMap((extent, axis) => {
    const own = wanted[axis - shape.length + wanted.length];
    return own === undefined || (own === 1 && extent !== 1) ? [axis] : [];
  });
  const summed = axes.length === 0 ? value : g.op("ReduceSum", [value, g.ints(axes)], { keepdims: 1 });
  return reshapeTo(g, summed, wanted);
}
