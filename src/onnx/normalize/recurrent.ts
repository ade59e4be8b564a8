import { onnxGates, type RecurrentCell, type RecurrentResult, unrollRecurrent } from "../compose/recurrent.ts";
import { type NormalizeRule, type Rewriting, writerOf } from "./rewriting.ts";

/** Longer sequences would make graphs that take minutes to load. */
const MAXIMUM_STEPS = 1024;

const usualActivations: { readonly [Op in "LSTM" | "GRU" | "RNN"]: readonly (readonly string[])[] } = {
  LSTM: [["Sigmoid", "Tanh", "Tanh"]],
  GRU: [["Sigmoid", "Tanh"]],
  RNN: [["Tanh"], ["Relu"]],
};

type RecurrentOp = keyof typeof usualActivations;

/** The cell that the activations define; the same in every direction. */
function readCell(rewriting: Rewriting, op: RecurrentOp, directions: number): RecurrentCell {
  const given = rewriting.texts("activations") ?? [];
  const usual = usualActivations[op].find((names) => {
    const all = Array.from({ length: directions }, () => names).flat();
    return given.length === 0 || given.join().toLowerCase() === all.join().toLowerCase();
  });
  if (usual === undefined) rewriting.refuse(`has the activations ${given.join(", ")}`);
  if (op !== "RNN") return op === "LSTM" ? "lstm" : "gru";
  return usual[0] === "Tanh" ? "rnn-tanh" : "rnn-relu";
}

/** Options that the usual frameworks do not write. */
function refuseRarities(rewriting: Rewriting, steps: number): void {
  if (rewriting.node.attributes.has("clip")) rewriting.refuse("clips its gates");
  if (rewriting.int("input_forget", 0) !== 0) rewriting.refuse("couples its input and forget gates");
  if (rewriting.optional(7) !== undefined) rewriting.refuse("has peephole weights");
  if (rewriting.optional(4) !== undefined && rewriting.numbers(4).some((length) => length !== steps))
    rewriting.refuse("has sequences of several lengths");
  if (steps > MAXIMUM_STEPS)
    rewriting.refuse(`is unrolled step by step, and ${steps} steps are too many; at most ${MAXIMUM_STEPS}`);
}

/** The part of a stacked input that belongs to one direction, with its first axis removed or kept. */
function ofDirection(rewriting: Rewriting, name: string, index: number, count: number, keepAxis = false): string {
  const part =
    count === 1
      ? name
      : rewriting.add("Slice", [name, rewriting.wholes([index]), rewriting.wholes([index + 1]), rewriting.wholes([0])]);
  return keepAxis ? part : rewriting.add("Squeeze", [part, rewriting.wholes([0])]);
}

/** With `layout` 1 the batch comes first: swaps the first two axes. */
function swapLayout(rewriting: Rewriting, name: string): string {
  if (rewriting.int("layout", 0) === 0) return name;
  const axes = rewriting.int("layout", 0) === 1 ? [1, 0, 2] : rewriting.refuse("has an unknown layout");
  return rewriting.add("Transpose", [name], { perm: axes });
}

function unrollDirection(
  rewriting: Rewriting,
  op: RecurrentOp,
  [index, count]: readonly [number, number],
  x: string,
): RecurrentResult<string> {
  const hidden = rewriting.type(2).shape[2];
  const timeAxis = rewriting.int("layout", 0);
  const steps = rewriting.type(0).shape[timeAxis];
  if (typeof hidden !== "number" || typeof steps !== "number" || steps < 1) {
    return rewriting.refuse(`is unrolled step by step, and needs a known number of steps, not "${steps}"`);
  }
  refuseRarities(rewriting, steps);
  const cell = readCell(rewriting, op, count);
  const gates = onnxGates[cell];
  const biases = rewriting.optional(3) && ofDirection(rewriting, rewriting.input(3), index, count);
  const width = gates.length * hidden;
  const [inputBias, hiddenBias] = biases
    ? rewriting.addMany("Split", [biases, rewriting.wholes([width, width])], 2, { axis: 0 })
    : [];
  const initial = (at: number): string | undefined => {
    const given = rewriting.optional(at);
    return given && ofDirection(rewriting, swapLayout(rewriting, given), index, count, true);
  };
  const direction = rewriting.text("direction", "forward");
  return unrollRecurrent(writerOf(rewriting), {
    cell,
    gates,
    x,
    steps,
    hidden,
    inputWeight: ofDirection(rewriting, rewriting.input(1), index, count),
    hiddenWeight: ofDirection(rewriting, rewriting.input(2), index, count),
    inputBias,
    hiddenBias,
    initialHidden: initial(5),
    initialCell: op === "LSTM" ? initial(6) : undefined,
    reverse: direction === "reverse" || index === 1,
    resetAfter: rewriting.int("linear_before_reset", 0) === 1,
  });
}

/**
 * Recurrent layers are unrolled step by step: there is no operator for their gradient.
 * @source ONNX, operators LSTM-14, GRU-14 and RNN-14
 */
const recurrent =
  (op: RecurrentOp): NormalizeRule =>
  (rewriting) => {
    const direction = rewriting.text("direction", "forward");
    if (!["forward", "reverse", "bidirectional"].includes(direction))
      rewriting.refuse(`has the direction "${direction}"`);
    const count = direction === "bidirectional" ? 2 : 1;
    const x = swapLayout(rewriting, rewriting.input(0));
    const results = Array.from({ length: count }, (_, index) => unrollDirection(rewriting, op, [index, count], x));
    const { outputs } = rewriting.node;
    const batchFirst = rewriting.int("layout", 0) === 1;
    const give = (at: number, make: () => string): void => {
      if (rewriting.isUsed(at)) rewriting.replace(outputs[at], make());
    };
    const join = (parts: readonly string[], axis: number): string =>
      parts.length === 1 ? parts[0] : rewriting.add("Concat", parts, { axis });
    give(0, () => {
      const apart = results.map((result) => rewriting.add("Unsqueeze", [result.outputs, rewriting.wholes([1])]));
      const stacked = join(apart, 1);
      return batchFirst ? rewriting.add("Transpose", [stacked], { perm: [2, 0, 1, 3] }) : stacked;
    });
    give(1, () =>
      swapLayout(
        rewriting,
        join(
          results.map((result) => result.hidden),
          0,
        ),
      ),
    );
    give(2, () =>
      swapLayout(
        rewriting,
        join(
          results.map((result) => result.cell!),
          0,
        ),
      ),
    );
  };

export const recurrentRules: Readonly<Record<string, NormalizeRule>> = {
  GRU: recurrent("GRU"),
  LSTM: recurrent("LSTM"),
  RNN: recurrent("RNN"),
};
