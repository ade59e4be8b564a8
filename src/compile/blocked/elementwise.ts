import type { Value } from "../../onnx/graph.ts";
import type { ElementwiseOperators } from "../../onnx/operators/elementwise.ts";
import { sameShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import {
  type BlockedContext,
  type BlockedRule,
  imageShape,
  type LogicalNode,
  type StoredValue,
  type StridedGradient,
} from "./context.ts";
import { addSum, writeConvolution } from "./convolution.ts";
import { memoryShape, reshape, toBlocked } from "./layout.ts";
import { stridedRearrangement } from "./rearrangement-rules.ts";
import { joinStrided } from "./strided-gradient.ts";
import type { WeightLayout } from "./weight-layout.ts";

/** Elementwise operators on numbers, which can run in any layout that all operands share. */
type ArithmeticOp = Exclude<
  keyof ElementwiseOperators,
  "And" | "Cast" | "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "Not" | "Or" | "Where" | "Xor"
>;

/**
 * What an operator makes of the entries of a layout that have no logical counterpart. All start at zero; they must not
 * become infinite or NaN, which would spread through a convolution although its weight is zero there.
 */
type Padding = StoredValue["padding"] | "unsafe";

const zeroWhereZero = (x: Padding): Padding => x;
const finite = (x: Padding): Padding => (x === "unsafe" ? x : "finite");
const unsafe = (): Padding => "unsafe";
/** Of 0 alone it is known what it gives: of other numbers it may give an infinity or NaN. */
const zeroAtZero = (x: Padding): Padding => (x === "zero" ? "zero" : "unsafe");
const finiteAtZero = (x: Padding): Padding => (x === "zero" ? "finite" : "unsafe");
const zeroWhereBoth = (a: Padding, b: Padding): Padding => (a === b ? a : finite(a === "unsafe" ? a : b));
const zeroWhereEither = (a: Padding, b: Padding): Padding =>
  a === "unsafe" || b === "unsafe" ? "unsafe" : a === "zero" || b === "zero" ? "zero" : "finite";

/** Padding after an operator; a scalar operand counts as "finite". */
const paddingRules: { readonly [Op in ArithmeticOp]: (a: Padding, b: Padding) => Padding } = {
  Abs: zeroWhereZero,
  Add: zeroWhereBoth,
  Ceil: zeroWhereZero,
  Celu: zeroWhereZero,
  Clip: finite,
  Cos: finite,
  // A scalar or a sum with one divides safely; a padding of zeros does not.
  Div: (a, b) => (b === "finite" ? a : "unsafe"),
  Elu: zeroWhereZero,
  Erf: zeroWhereZero,
  Exp: finiteAtZero,
  Floor: zeroWhereZero,
  HardSigmoid: finite,
  Identity: zeroWhereZero,
  LeakyRelu: zeroWhereZero,
  Log: unsafe,
  Max: zeroWhereBoth,
  Min: zeroWhereBoth,
  Mul: zeroWhereEither,
  Neg: zeroWhereZero,
  PRelu: zeroWhereZero,
  Pow: unsafe,
  Reciprocal: unsafe,
  Relu: zeroWhereZero,
  Round: zeroWhereZero,
  Selu: zeroWhereZero,
  Sigmoid: finite,
  Sign: zeroWhereZero,
  Sin: zeroWhereZero,
  Softplus: finiteAtZero,
  Sqrt: zeroAtZero,
  Sub: zeroWhereBoth,
  Tanh: zeroWhereZero,
};

/** Whether a shape has one element, which fits every layout. */
export function isScalar(shape: readonly (number | string)[]): boolean {
  return shape.every((extent) => extent === 1);
}

/** Whether an operator is elementwise with operands that are scalars or of the result's shape. */
export function isLayoutAgnostic(
  op: string,
  inputs: readonly (readonly (number | string)[])[],
  output: readonly (number | string)[],
): boolean {
  return (
    op in paddingRules &&
    inputs.every((shape) => (isScalar(shape) && shape.length <= output.length) || sameShape(shape, output))
  );
}

type Rule = BlockedRule<ArithmeticOp>;
type ElementwiseNode = LogicalNode<ArithmeticOp>;

function combinePadding(op: ArithmeticOp, operands: readonly Padding[], hasPadding: boolean): Padding {
  if (!hasPadding) return "zero";
  const [first, second = "finite"] = operands;
  return operands
    .slice(2)
    .reduce((joined, operand) => paddingRules[op](joined, operand), paddingRules[op](first, second));
}

/** For weights and values computed from them: in the layout in which they are stored. */
function applyStored(
  c: BlockedContext,
  { op, inputs, outputs, attributes }: ElementwiseNode,
  layout: WeightLayout,
): boolean {
  const isOne = (name: string): boolean => isScalar(c.typeOf(name).shape);
  const operands = inputs.map((name) =>
    isOne(name) ? { value: c.plain(name), padding: "finite" as const } : c.stored(name, layout),
  );
  const padding = combinePadding(
    op,
    operands.map((operand) => operand.padding),
    layout.hasPadding,
  );
  if (padding === "unsafe") return false;
  const value = c.g.op(
    op,
    operands.map((operand) => operand.value),
    attributes,
  );
  c.define(outputs[0], { stored: { value, layout, padding } });
  return true;
}

/** An image batch in blocks as an elementwise operator may read it. */
const blockedOperand = (c: BlockedContext, name: string): Value => c.formsOf(name).unmasked ?? c.blocked(name);

/** An operand of an elementwise operator on [N,C,H,W], in the five axes of blocked memory. */
function broadcastOperand(c: BlockedContext, name: string, full: Shape): Value | undefined {
  const type = c.typeOf(name);
  if (isScalar(type.shape)) return c.plain(name);
  const shape = Array.from({ length: 4 - type.shape.length }, () => 1).concat(type.shape as number[]);
  if (sameShape(shape, full)) return reshape(c.g, blockedOperand(c, name), memoryShape(full, c.block));
  const [n, channels, height, width] = shape as [number, number, number, number];
  if (channels === 1) return reshape(c.g, c.plain(name), [n, 1, height, width, 1]);
  const own = type.shape.length === 4 ? c.blocked(name) : toBlocked(c.g, reshape(c.g, c.plain(name), shape), c.block);
  return reshape(c.g, own, memoryShape(shape, c.block));
}

/** For image batches: in blocks, as soon as one operand is. */
function applyBlocked(c: BlockedContext, logical: ElementwiseNode): boolean {
  const { op, inputs, outputs, attributes } = logical;
  const full = imageShape(c, outputs[0]);
  const types = inputs.map((name) => c.typeOf(name));
  const usable = types.every(
    ({ dtype, shape }) =>
      dtype === "float32" && shape.length <= 4 && shape.every((extent) => typeof extent === "number"),
  );
  const isFull = (name: string): boolean => sameShape(c.typeOf(name).shape, full!);
  const isUnmasked = (name: string): boolean => c.formsOf(name).unmasked !== undefined;
  const isAtHand = (name: string): boolean => isFull(name) && (c.isBlocked(name) || isUnmasked(name));
  if (full === undefined || !usable || !inputs.some(isAtHand)) return false;
  // A broadcast operand has padded channels of its own, zero too, unless it has one channel for all.
  const paddingOf = (name: string): Padding => {
    if (isUnmasked(name)) return "finite";
    return c.typeOf(name).shape.at(-3) === full[1] && !isScalar(c.typeOf(name).shape) ? "zero" : "finite";
  };
  const padding = combinePadding(op, inputs.map(paddingOf), full[1] % c.block !== 0);
  // What is finite may be zero, unlike a scalar.
  if (padding === "unsafe" || (op === "Div" && isUnmasked(inputs[1]))) return false;
  const made = (value: Value): true => {
    c.define(outputs[0], padding === "zero" ? { blocked: value } : { unmasked: value });
    return true;
  };
  if (types.every(({ shape }) => isScalar(shape) || sameShape(shape, full))) {
    const operands = inputs.map((name) => (isFull(name) ? blockedOperand(c, name) : c.plain(name)));
    return made(c.g.op(op, operands, attributes));
  }
  const operands = inputs.map((name) => broadcastOperand(c, name, full)!);
  const result = c.g.op(op, operands, attributes);
  const [N, , H, W] = full as [number, number, number, number];
  return made(reshape(c.g, result, [N, memoryShape(full, c.block)[1] * c.block, H, W]));
}

const applyElementwise: Rule = (c, logical) => {
  const { op, inputs, outputs } = logical;
  const layout = c.layoutOf(outputs[0]);
  const shapes = inputs.map((name) => c.typeOf(name).shape);
  const stays = isLayoutAgnostic(op, shapes, c.typeOf(outputs[0]).shape);
  if (layout && stays) return applyStored(c, logical, layout);
  return sizeOf(c.typeOf(outputs[0]).shape as Shape) > 1 && applyBlocked(c, logical);
};

/** A value as a strided gradient to be joined with another; undefined if it is not one. */
function asStrided(c: BlockedContext, name: string, like: StridedGradient): StridedGradient | undefined {
  const { pending } = c.formsOf(name);
  if (pending?.kind === "strided") return pending;
  return stridedRearrangement(c, name, like);
}

/** Fuses an addition into a convolution that is still pending, if there is one that nothing else needs. */
function fuseAddition(c: BlockedContext, a: string, b: string, out: string): boolean {
  const pendingOf = (name: string) => (c.isUsedOnce(name) ? c.formsOf(name).pending : undefined);
  for (const [name, other] of [
    [b, a],
    [a, b],
  ] as const) {
    const pending = pendingOf(name);
    if (pending?.kind !== "strided" || (c.formsOf(other).pending && !c.isUsedOnce(other))) continue;
    const second = asStrided(c, other, pending);
    const joined = second && joinStrided(second, pending);
    if (joined) return define(c, out, joined);
  }
  for (const [name, other] of [
    [b, a],
    [a, b],
  ] as const) {
    const pending = pendingOf(name);
    const summed = pending?.kind === "convolution" ? addSum(pending, other) : undefined;
    if (summed) return define(c, out, summed);
  }
  return false;
}

function define(
  c: BlockedContext,
  name: string,
  pending: NonNullable<ReturnType<BlockedContext["formsOf"]>["pending"]>,
): true {
  c.define(name, { pending });
  return true;
}

const add: BlockedRule<"Add"> = (c, logical) => {
  const [a, b] = logical.inputs as [string, string];
  const [out] = logical.outputs as [string];
  const fits =
    imageShape(c, out) && a !== b && [a, b].every((name) => sameShape(c.typeOf(name).shape, c.typeOf(out).shape));
  return (fits && fuseAddition(c, a, b, out)) || applyElementwise(c, logical);
};

const relu: BlockedRule<"Relu"> = (c, logical) => {
  const [x] = logical.inputs as [string];
  const { pending } = c.formsOf(x);
  if (pending?.kind !== "convolution" || !c.isUsedOnce(x)) return applyElementwise(c, logical);
  c.define(logical.outputs[0], { blocked: writeConvolution(c, pending, "Relu") });
  return true;
};

/** HardSigmoid(y) = clamp(1e30·y, 0, 1) is the step function, several times faster than Where or Sign. */
const reluGradient: BlockedRule<"ReluGradient"> = (c, { inputs: [dy, y], outputs: [dx] }) => {
  if (imageShape(c, y) === undefined || !c.isBlocked(y)) return false;
  const mask = c.g.op("HardSigmoid", [c.blocked(y)], { alpha: 1e30, beta: 0 });
  c.define(dx, { blocked: c.g.op("Mul", [c.blocked(dy), mask]) });
  return true;
};

const everyArithmeticOp = Object.keys(paddingRules) as readonly ArithmeticOp[];

export const elementwiseRules: { readonly [Op in ArithmeticOp | "ReluGradient"]: BlockedRule<Op> } = {
  ...(Object.fromEntries(everyArithmeticOp.map((op) => [op, applyElementwise])) as unknown as {
    readonly [Op in ArithmeticOp]: BlockedRule<Op>;
  }),
  Add: add,
  Relu: relu,
  ReluGradient: reluGradient,
};

/** The sum of squares of a stored weight: the same in any layout whose padding is zero. */
export const reduceSumSquare: BlockedRule<"ReduceSumSquare"> = (c, { inputs, outputs, attributes }) => {
  const layout = c.layoutOf(inputs[0]);
  if (layout === undefined || inputs[1] || attributes.noop_with_empty_axes || attributes.keepdims !== 0) return false;
  c.define(outputs[0], { plain: c.g.op("ReduceSumSquare", [c.stored(inputs[0], layout).value], attributes) });
  return true;
};
