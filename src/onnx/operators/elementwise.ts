import { broadcastShapes } from "../../tensor/shape.ts";
import type { DType } from "../../tensor/dtype.ts";
import { ShapeError } from "../../tensor/errors.ts";
import type { TensorType } from "../graph.ts";
import type { NoAttributes, OperatorCall, OperatorDefinition, OperatorTable } from "./definition.ts";

/** Operators that work element by element, with NumPy's broadcasting for several operands. */
export interface ElementwiseOperators {
  readonly Abs: NoAttributes;
  readonly Add: NoAttributes;
  readonly And: NoAttributes;
  readonly Cast: { readonly to: number };
  readonly Ceil: NoAttributes;
  readonly Celu: { readonly alpha?: number };
  readonly Clip: NoAttributes;
  readonly Cos: NoAttributes;
  readonly Div: NoAttributes;
  readonly Elu: { readonly alpha?: number };
  readonly Equal: NoAttributes;
  readonly Erf: NoAttributes;
  readonly Exp: NoAttributes;
  readonly Floor: NoAttributes;
  readonly Greater: NoAttributes;
  readonly GreaterOrEqual: NoAttributes;
  readonly HardSigmoid: { readonly alpha?: number; readonly beta?: number };
  readonly Identity: NoAttributes;
  readonly LeakyRelu: { readonly alpha?: number };
  readonly Less: NoAttributes;
  readonly LessOrEqual: NoAttributes;
  readonly Log: NoAttributes;
  readonly Max: NoAttributes;
  readonly Min: NoAttributes;
  readonly Mul: NoAttributes;
  readonly Neg: NoAttributes;
  readonly Not: NoAttributes;
  readonly Or: NoAttributes;
  /** `(x, slope)`; the slope is broadcast to x */
  readonly PRelu: NoAttributes;
  readonly Pow: NoAttributes;
  readonly Reciprocal: NoAttributes;
  readonly Relu: NoAttributes;
  readonly Round: NoAttributes;
  readonly Selu: { readonly alpha?: number; readonly gamma?: number };
  readonly Sigmoid: NoAttributes;
  readonly Sign: NoAttributes;
  readonly Sin: NoAttributes;
  readonly Softplus: NoAttributes;
  readonly Sqrt: NoAttributes;
  readonly Sub: NoAttributes;
  readonly Tanh: NoAttributes;
  readonly Where: NoAttributes;
  readonly Xor: NoAttributes;
}

/** ONNX's numbers for element types (`TensorProto.DataType`). */
export const onnxDtypes: { readonly [D in DType]: number } = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
};

/** The element type behind ONNX's number for it, if Residua has it. */
export function dtypeFromOnnx(code: number): DType | undefined {
  return (Object.keys(onnxDtypes) as DType[]).find((dtype) => onnxDtypes[dtype] === code);
}

const sameAsFirst = (call: OperatorCall<unknown>): readonly TensorType[] => [call.input(0)];

function broadcastAll(call: OperatorCall<unknown>, from = 0): TensorType {
  const operands = call.inputs.slice(from).map((_, index) => call.input(from + index));
  const [first, ...rest] = operands;
  if (first === undefined) throw new ShapeError(call.where, "needs at least one operand");
  return rest.reduce<TensorType>((joined, operand) => {
    if (operand.dtype !== joined.dtype) {
      throw new ShapeError(call.where, `operands must have the same type, got ${joined.dtype} and ${operand.dtype}`);
    }
    return { dtype: joined.dtype, shape: broadcastShapes(call.where, joined.shape, operand.shape) };
  }, first);
}

const unary = (name: string): OperatorDefinition<NoAttributes> => ({
  domain: "",
  name,
  attributes: {},
  infer: sameAsFirst,
});
const broadcasting = (name: string): OperatorDefinition<NoAttributes> => ({
  domain: "",
  name,
  attributes: {},
  infer: (call) => [broadcastAll(call)],
});
const comparison = (name: string): OperatorDefinition<NoAttributes> => ({
  domain: "",
  name,
  attributes: {},
  infer: (call) => [{ dtype: "bool", shape: broadcastAll(call).shape }],
});

export const elementwiseOperators: OperatorTable<ElementwiseOperators> = {
  Abs: unary("Abs"),
  Add: broadcasting("Add"),
  And: comparison("And"),
  Cast: {
    domain: "",
    name: "Cast",
    attributes: { to: "int" },
    infer: (call) => {
      const dtype = dtypeFromOnnx(call.attributes.to);
      if (dtype === undefined) throw new ShapeError(call.where, `cannot cast to ONNX type ${call.attributes.to}`);
      return [{ dtype, shape: call.input(0).shape }];
    },
  },
  Ceil: unary("Ceil"),
  Celu: { domain: "", name: "Celu", attributes: { alpha: "float" }, infer: sameAsFirst },
  Clip: unary("Clip"),
  Cos: unary("Cos"),
  Div: broadcasting("Div"),
  Elu: { domain: "", name: "Elu", attributes: { alpha: "float" }, infer: sameAsFirst },
  Equal: comparison("Equal"),
  Erf: unary("Erf"),
  Exp: unary("Exp"),
  Floor: unary("Floor"),
  Greater: comparison("Greater"),
  GreaterOrEqual: comparison("GreaterOrEqual"),
  HardSigmoid: { domain: "", name: "HardSigmoid", attributes: { alpha: "float", beta: "float" }, infer: sameAsFirst },
  Identity: unary("Identity"),
  LeakyRelu: { domain: "", name: "LeakyRelu", attributes: { alpha: "float" }, infer: sameAsFirst },
  Less: comparison("Less"),
  LessOrEqual: comparison("LessOrEqual"),
  Log: unary("Log"),
  Max: broadcasting("Max"),
  Min: broadcasting("Min"),
  Mul: broadcasting("Mul"),
  Neg: unary("Neg"),
  Not: unary("Not"),
  Or: comparison("Or"),
  PRelu: unary("PRelu"),
  Pow: broadcasting("Pow"),
  Reciprocal: unary("Reciprocal"),
  Relu: unary("Relu"),
  Round: unary("Round"),
  Selu: { domain: "", name: "Selu", attributes: { alpha: "float", gamma: "float" }, infer: sameAsFirst },
  Sigmoid: unary("Sigmoid"),
  Sign: unary("Sign"),
  Sin: unary("Sin"),
  Softplus: unary("Softplus"),
  Sqrt: unary("Sqrt"),
  Sub: broadcasting("Sub"),
  Tanh: unary("Tanh"),
  Where: {
    domain: "",
    name: "Where",
    attributes: {},
    infer: (call) => {
      const joined = broadcastAll(call, 1);
      return [{ dtype: joined.dtype, shape: broadcastShapes(call.where, call.input(0).shape, joined.shape) }];
    },
  },
  Xor: comparison("Xor"),
};
