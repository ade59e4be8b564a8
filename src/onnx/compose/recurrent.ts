import type { Writer } from "./writer.ts";

/** Kinds of recurrent cells. */
export type RecurrentCell = "lstm" | "gru" | "rnn-tanh" | "rnn-relu";

/** Gates of a cell in the order in which ONNX stacks their weights. */
export const onnxGates: { readonly [Cell in RecurrentCell]: readonly string[] } = {
  lstm: ["input", "output", "forget", "cell"],
  gru: ["update", "reset", "new"],
  "rnn-tanh": ["new"],
  "rnn-relu": ["new"],
};

/** Gates in the order in which PyTorch stacks them. */
export const pytorchGates: { readonly [Cell in RecurrentCell]: readonly string[] } = {
  lstm: ["input", "forget", "cell", "output"],
  gru: ["reset", "update", "new"],
  "rnn-tanh": ["new"],
  "rnn-relu": ["new"],
};

/** One recurrent layer in one direction. G is the number of gates. */
export interface RecurrentLayer<V> {
  readonly cell: RecurrentCell;
  readonly gates: readonly string[];
  /** `[T,N,inputs]` */
  readonly x: V;
  /** T */
  readonly steps: number;
  /** Width H of the hidden state. */
  readonly hidden: number;
  /** `[G·H, inputs]` */
  readonly inputWeight: V;
  /** `[G·H, H]` */
  readonly hiddenWeight: V;
  /** `[G·H]` */
  readonly inputBias?: V | undefined;
  readonly hiddenBias?: V | undefined;
  /** `[1,N,H]`; zero if left out */
  readonly initialHidden?: V | undefined;
  readonly initialCell?: V | undefined;
  /** Runs from the last step to the first. */
  readonly reverse?: boolean;
  /** Whether a GRU's reset gate acts after the product with the hidden state, as PyTorch's does. Default true. */
  readonly resetAfter?: boolean;
}

/** Outputs of a recurrent layer. */
export interface RecurrentResult<V> {
  /** The hidden states of all steps, `[T,N,H]`. */
  readonly outputs: V;
  /** The last hidden state, `[1,N,H]`. */
  readonly hidden: V;
  /** The last cell state of an LSTM, `[1,N,H]`. */
  readonly cell?: V | undefined;
}

interface State<V> {
  readonly hidden: V;
  readonly cell: V;
}

/** From the input's contributions to the gates, and the state, to the next state. */
type Step<V> = (input: ReadonlyMap<string, V>, state: State<V>) => State<V>;

/** Values that the steps of a layer share. */
interface Loop<V> {
  readonly w: Writer<V>;
  readonly layer: RecurrentLayer<V>;
  /** Parts of `[…, G·H]` by gate. */
  readonly byGate: (value: V) => ReadonlyMap<string, V>;
  /** The hidden state's contribution to all gates. */
  readonly recur: (hidden: V) => V;
}

const add = <V>(w: Writer<V>, a: V, b: V): V => w.op("Add", [a, b]);
const mul = <V>(w: Writer<V>, a: V, b: V): V => w.op("Mul", [a, b]);
const sigmoid = <V>(w: Writer<V>, x: V): V => w.op("Sigmoid", [x]);

/** c' = f·c + i·g, h' = o·tanh(c'). @source Hochreiter and Schmidhuber 1997; Gers et al. 2000 (forget gate) */
function lstmStep<V>({ w, byGate, recur }: Loop<V>): Step<V> {
  return (input, { hidden, cell }) => {
    const recurrent = byGate(recur(hidden));
    const sum = (gate: string): V => add(w, input.get(gate)!, recurrent.get(gate)!);
    const kept = mul(w, sigmoid(w, sum("forget")), cell);
    const next = add(w, kept, mul(w, sigmoid(w, sum("input")), w.op("Tanh", [sum("cell")])));
    return { hidden: mul(w, sigmoid(w, sum("output")), w.op("Tanh", [next])), cell: next };
  };
}

/** The rows of a stacked `[G·H, …]` that belong to one gate. */
function gateRows<V>({ w, layer }: Loop<V>, stacked: V, gate: string): V {
  const start = layer.gates.indexOf(gate) * layer.hidden;
  return w.op("Slice", [stacked, w.ints([start]), w.ints([start + layer.hidden]), w.ints([0])]);
}

/**
 * h' = n + z·(h − n) with n = tanh(W·x + r·(R·h + b)), or with the reset gate before the product, tanh(W·x + R·(r·h) + b).
 * @source Cho et al. 2014, arXiv:1406.1078; `torch.nn.GRU`
 */
function gruStep<V>(loop: Loop<V>): Step<V> {
  const { w, byGate, recur, layer } = loop;
  const resetBefore = (reset: V, hidden: V): V => {
    const weight = w.op("Transpose", [gateRows(loop, layer.hiddenWeight, "new")], { perm: [1, 0] });
    const product = w.op("MatMul", [mul(w, reset, hidden), weight]);
    return layer.hiddenBias === undefined ? product : add(w, product, gateRows(loop, layer.hiddenBias, "new"));
  };
  return (input, { hidden, cell }) => {
    const recurrent = byGate(recur(hidden));
    const gate = (name: string): V => sigmoid(w, add(w, input.get(name)!, recurrent.get(name)!));
    const reset = gate("reset");
    const carried = layer.resetAfter === false ? resetBefore(reset, hidden) : mul(w, reset, recurrent.get("new")!);
    const fresh = w.op("Tanh", [add(w, input.get("new")!, carried)]);
    const kept = mul(w, gate("update"), w.op("Sub", [hidden, fresh]));
    return { hidden: add(w, fresh, kept), cell };
  };
}

/** h' = act(W·x + R·h + b). @source Elman 1990 */
function plainStep<V>({ w, recur }: Loop<V>, activation: "Tanh" | "Relu"): Step<V> {
  return (input, { hidden, cell }) => ({
    hidden: w.op(activation, [add(w, input.get("new")!, recur(hidden))]),
    cell,
  });
}

function openLoop<V>(w: Writer<V>, layer: RecurrentLayer<V>): Loop<V> {
  const { gates, hidden: width, hiddenWeight, hiddenBias } = layer;
  const sizes = w.ints(gates.map(() => width));
  const transposed = w.op("Transpose", [hiddenWeight], { perm: [1, 0] });
  return {
    w,
    layer,
    byGate: (value) => {
      if (gates.length === 1) return new Map([[gates[0], value]]);
      const parts = w.ops("Split", [value, sizes], gates.length, { axis: -1 });
      return new Map(gates.map((gate, index) => [gate, parts[index]]));
    },
    recur: (hidden) => {
      const product = w.op("MatMul", [hidden, transposed]);
      return hiddenBias === undefined ? product : add(w, product, hiddenBias);
    },
  };
}

function stepOf<V>(loop: Loop<V>): Step<V> {
  const { cell } = loop.layer;
  if (cell === "lstm") return lstmStep(loop);
  return cell === "gru" ? gruStep(loop) : plainStep(loop, cell === "rnn-tanh" ? "Tanh" : "Relu");
}

/**
 * Unrolls a recurrent layer step by step, so that the rules of its operators differentiate it. All inputs are
 * multiplied by their weight in one product.
 *
 * @shape `x [T,N,inputs]` → outputs `[T,N,H]`
 */
export function unrollRecurrent<V>(w: Writer<V>, layer: RecurrentLayer<V>): RecurrentResult<V> {
  const { x, steps, hidden: width, inputBias } = layer;
  const loop = openLoop(w, layer);
  const product = w.op("MatMul", [x, w.op("Transpose", [layer.inputWeight], { perm: [1, 0] })]);
  const shares = inputBias === undefined ? product : add(w, product, inputBias);
  const ones = Array.from({ length: steps }, () => 1);
  const inputs = steps === 1 ? [shares] : w.ops("Split", [shares, w.ints(ones)], steps, { axis: 0 });
  const zero = w.floats(
    [1, 1, width],
    Array.from({ length: width }, () => 0),
  );
  const step = stepOf(loop);
  let state: State<V> = { hidden: layer.initialHidden ?? zero, cell: layer.initialCell ?? zero };
  const states = (layer.reverse ? inputs.toReversed() : inputs).map((input) => {
    state = step(loop.byGate(input), state);
    return state.hidden;
  });
  const ordered = layer.reverse ? states.toReversed() : states;
  const outputs = ordered.length === 1 ? ordered[0] : w.op("Concat", ordered, { axis: 0 });
  return { outputs, hidden: state.hidden, ...(layer.cell === "lstm" ? { cell: state.cell } : {}) };
}
