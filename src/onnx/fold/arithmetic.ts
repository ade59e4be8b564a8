import { bytesPerElement } from "../../tensor/dtype.ts";
import { type Shape, sizeOf, stridesOf } from "../../tensor/shape.ts";
import { axisWithin, dtypeAttribute, type Evaluate, type FoldCall, intAttribute, intsAttribute } from "./call.ts";
import { type Element, type Elements, isComputable, isFloat, MAXIMUM_ELEMENTS, wholeNumbers } from "./elements.ts";

/** Combines two elements of one kind; undefined if the result is not known. */
type Combine = (a: Element, b: Element) => Element;

const isNumber = (value: Element): value is number => typeof value === "number";
const isWhole = (value: Element): value is bigint => typeof value === "bigint";
const equals = (value: Element, number: number): boolean => value === number || value === BigInt(number);

/** The extent `name` times a number, named as by shape inference. */
function multiplyName(name: string, factor: Element): Element {
  if (equals(factor, 1)) return name;
  const whole = isWhole(factor) ? factor > 0n : isNumber(factor) && Number.isInteger(factor) && factor > 0;
  return whole && !name.includes("*") ? `${name}*${factor}` : undefined;
}

function multiply(a: Element, b: Element): Element {
  if (isNumber(a) && isNumber(b)) return a * b;
  if (isWhole(a) && isWhole(b)) return a * b;
  if (typeof a === "string") return multiplyName(a, b);
  return typeof b === "string" ? multiplyName(b, a) : undefined;
}

function add(a: Element, b: Element): Element {
  if (isNumber(a) && isNumber(b)) return a + b;
  if (isWhole(a) && isWhole(b)) return a + b;
  if (equals(a, 0)) return b;
  return equals(b, 0) ? a : undefined;
}

function subtract(a: Element, b: Element): Element {
  if (isNumber(a) && isNumber(b)) return a - b;
  if (isWhole(a) && isWhole(b)) return a - b;
  return equals(b, 0) ? a : undefined;
}

/** Integer division truncates towards zero, as in C. */
function divide(a: Element, b: Element): Element {
  if (isNumber(a) && isNumber(b)) return a / b;
  if (isWhole(a) && isWhole(b)) return b === 0n ? undefined : a / b;
  return equals(b, 1) ? a : undefined;
}

/** An open extent equals itself, and never a number below 0. */
function equal(a: Element, b: Element): Element {
  if (a === undefined || b === undefined) return undefined;
  if (typeof a !== "string" && typeof b !== "string") return BigInt(a === b);
  if (a === b) return 1n;
  const number = typeof a === "string" ? b : a;
  return typeof number !== "string" && number < 0 ? 0n : undefined;
}

const compare =
  (holds: (a: number | bigint, b: number | bigint) => boolean): Combine =>
  (a, b) =>
    a === undefined || b === undefined || typeof a === "string" || typeof b === "string"
      ? undefined
      : BigInt(holds(a, b));

const choose =
  (first: (a: number | bigint, b: number | bigint) => boolean): Combine =>
  (a, b) =>
    a === undefined || b === undefined || typeof a === "string" || typeof b === "string"
      ? undefined
      : first(a, b)
        ? a
        : b;

/** Results in the range of the element type: integers wrap around. */
function store(dtype: Elements["dtype"], value: Element): Element {
  if (isNumber(value)) return dtype === "float32" ? Math.fround(value) : value;
  if (!isWhole(value) || dtype === "bool" || isFloat(dtype)) return value;
  const bits = 8 * bytesPerElement(dtype);
  return dtype.startsWith("u") ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value);
}

/** The broadcast shape of operands; undefined if they do not fit or are too large to fold. */
function broadcast(shapes: readonly Shape[]): Shape | undefined {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const extents = Array.from({ length: rank }, (_, axis) => {
    const all = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const extent = all.find((one) => one !== 1) ?? 1;
    return all.every((one) => one === 1 || one === extent) ? extent : -1;
  });
  return extents.includes(-1) || sizeOf(extents) > MAXIMUM_ELEMENTS ? undefined : extents;
}

/** The elements of an operand, broadcast to the result. */
function spread({ shape, values }: Elements, to: Shape): readonly Element[] {
  const from = stridesOf(shape);
  const strides = stridesOf(to);
  const offset = to.length - shape.length;
  return Array.from({ length: sizeOf(to) }, (_, index) => {
    const places = shape.map((extent, axis) => {
      const place = Math.floor(index / strides[axis + offset]) % to[axis + offset];
      return extent === 1 ? 0 : place * from[axis];
    });
    return values[places.reduce((sum, place) => sum + place, 0)];
  });
}

/** All operands, broadcast to the result; undefined if one is not known, or those from `first` on differ in type. */
function operands(
  call: FoldCall,
  count: number,
  first = 0,
): { readonly shape: Shape; readonly columns: (readonly Element[])[]; readonly dtype: Elements["dtype"] } | undefined {
  const inputs = Array.from({ length: count }, (_, index) => call.input(index)).filter((one) => one !== undefined);
  const dtypes = new Set(inputs.slice(first).map((input) => input.dtype));
  if (count === 0 || inputs.length !== count || dtypes.size !== 1) return undefined;
  const shape = broadcast(inputs.map((input) => input.shape));
  return shape && { shape, columns: inputs.map((input) => spread(input, shape)), dtype: inputs[first].dtype };
}

/** An operator on two or more operands. @param dtype the result's, if it is not the operands' */
const combining =
  (combine: Combine, dtype?: Elements["dtype"]): Evaluate =>
  (call) => {
    const joined = operands(call, call.node.inputs.length);
    if (joined === undefined) return undefined;
    const type = dtype ?? joined.dtype;
    const [first, ...others] = joined.columns;
    const values = others.reduce(
      (sofar, column) => sofar.map((value, at) => store(type, combine(value, column[at]))),
      first,
    );
    return { dtype: type, shape: joined.shape, values };
  };

/** An operator on one operand that either keeps names or gives an unknown result for them. */
const mapping =
  (map: (value: number | bigint) => number | bigint, keepsNames = false): Evaluate =>
  (call) => {
    const input = call.input(0);
    const apply = (value: Element): Element => {
      if (typeof value === "string") return keepsNames ? value : undefined;
      return value === undefined ? undefined : store(input!.dtype, map(value));
    };
    return input && { ...input, values: input.values.map(apply) };
  };

const where: Evaluate = (call) => {
  const joined = operands(call, 3, 1);
  if (joined === undefined) return undefined;
  const [condition, yes, no] = joined.columns;
  const pick = (index: number): Element => {
    if (condition[index] === undefined) return yes[index] === no[index] ? yes[index] : undefined;
    return equals(condition[index], 1) ? yes[index] : no[index];
  };
  return { dtype: joined.dtype, shape: joined.shape, values: condition.map((_, index) => pick(index)) };
};

/** Casts a number; truncates towards zero for an integer type. A name stays: extents are whole in any type. */
const cast: Evaluate = (call) => {
  const input = call.input(0);
  const dtype = dtypeAttribute(call.node, "to");
  if (input === undefined || dtype === undefined || !isComputable(dtype)) return undefined;
  const convert = (value: Element): Element => {
    if (value === undefined || typeof value === "string") return value;
    if (isFloat(dtype)) return store(dtype, Number(value));
    if (dtype === "bool") return BigInt(!equals(value, 0));
    return Number.isFinite(Number(value))
      ? store(dtype, BigInt(isNumber(value) ? Math.trunc(value) : value))
      : undefined;
  };
  return { ...input, dtype, values: input.values.map(convert) };
};

/** Over all axes or one; a shape is a vector, so more is not needed. */
const reducing =
  (combine: Combine, initial: bigint): Evaluate =>
  (call) => {
    const input = call.input(0);
    const axes = call.node.inputs[1] ? wholeNumbers(call.input(1)) : (intsAttribute(call.node, "axes") ?? [0]);
    if (input === undefined || input.shape.length !== 1 || axes?.length !== 1) return undefined;
    if (axisWithin(axes[0], 1) === undefined) return undefined;
    const start: Element = isFloat(input.dtype) ? Number(initial) : initial;
    const value = input.values.reduce((sofar, one) => store(input.dtype, combine(sofar, one)), start);
    return { dtype: input.dtype, shape: intAttribute(call.node, "keepdims", 1) === 1 ? [1] : [], values: [value] };
  };

const roundWhole =
  (round: (value: number) => number) =>
  (value: number | bigint): number | bigint =>
    isNumber(value) ? round(value) : value;

/** Operators that compute on the elements of shapes. */
export const arithmeticFolds: Readonly<Record<string, Evaluate>> = {
  Abs: mapping((value) => (value < 0 ? -value : value), true),
  Add: combining(add),
  And: combining(
    compare((a, b) => Boolean(a) && Boolean(b)),
    "bool",
  ),
  Cast: cast,
  Ceil: mapping(roundWhole(Math.ceil), true),
  Div: combining(divide),
  Equal: combining(equal, "bool"),
  Floor: mapping(roundWhole(Math.floor), true),
  Greater: combining(
    compare((a, b) => a > b),
    "bool",
  ),
  GreaterOrEqual: combining(
    compare((a, b) => a >= b),
    "bool",
  ),
  Identity: (call) => call.input(0),
  Less: combining(
    compare((a, b) => a < b),
    "bool",
  ),
  LessOrEqual: combining(
    compare((a, b) => a <= b),
    "bool",
  ),
  Max: combining(choose((a, b) => a >= b)),
  Min: combining(choose((a, b) => a <= b)),
  Mul: combining(multiply),
  Neg: mapping((value) => -value),
  Not: mapping((value) => (value ? 0n : 1n)),
  Or: combining(
    compare((a, b) => Boolean(a) || Boolean(b)),
    "bool",
  ),
  ReduceProd: reducing(multiply, 1n),
  ReduceSum: reducing(add, 0n),
  Sub: combining(subtract),
  Where: where,
};
