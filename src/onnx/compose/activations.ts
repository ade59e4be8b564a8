import type { Writer } from "./writer.ts";

const number = <V>(w: Writer<V>, value: number): V => w.floats([], [value]);

/** x·Φ(x) = x/2·(1 + erf(x/√2)). @source Hendrycks and Gimpel 2016, arXiv:1606.08415 */
export function composeGelu<V>(w: Writer<V>, x: V): V {
  const error = w.op("Erf", [w.op("Mul", [x, number(w, Math.SQRT1_2)])]);
  return w.op("Mul", [w.op("Mul", [x, number(w, 0.5)]), w.op("Add", [error, number(w, 1)])]);
}

/** x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))). @source the same, section 2 */
export function composeTanhGelu<V>(w: Writer<V>, x: V): V {
  const cubic = w.op("Mul", [w.op("Mul", [w.op("Mul", [x, x]), x]), number(w, 0.044715)]);
  const inner = w.op("Mul", [w.op("Add", [x, cubic]), number(w, Math.sqrt(2 / Math.PI))]);
  return w.op("Mul", [w.op("Mul", [x, number(w, 0.5)]), w.op("Add", [w.op("Tanh", [inner]), number(w, 1)])]);
}

/** x·tanh(ln(1 + exp(x))). @source Misra 2019, arXiv:1908.08681 */
export function composeMish<V>(w: Writer<V>, x: V): V {
  return w.op("Mul", [x, w.op("Tanh", [w.op("Softplus", [x])])]);
}

/** x / (1 + |x|) */
export function composeSoftsign<V>(w: Writer<V>, x: V): V {
  return w.op("Div", [x, w.op("Add", [w.op("Abs", [x]), number(w, 1)])]);
}

/** x where it is above `alpha`, else 0. */
export function composeThresholdedRelu<V>(w: Writer<V>, x: V, alpha: number): V {
  return w.op("Where", [w.op("Greater", [x, number(w, alpha)]), x, number(w, 0)]);
}
