import { UnsupportedError } from "../../tensor/errors.ts";
import { quote } from "../../tensor/printable.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { placeOf } from "../infer.ts";
import type { Attribute, Node, TensorType } from "../graph.ts";

/** What a rule that writes a node in an older form may use. */
export interface OlderForm {
  readonly opset: number;
  /** The tensor behind a value, if it is a constant. */
  constant(name: string): Tensor | undefined;
  /** The type of a value, if known. */
  type(name: string): TensorType | undefined;
  freshName(stem: string): string;
  /** Adds a constant and returns its name. */
  addConstant(stem: string, value: Tensor): string;
}

/** Writes a node of version 18 in the form of an older version. */
export type OlderRule = (node: Node, form: OlderForm) => readonly Node[];

/** @throws {UnsupportedError} saying that an operator has no form in the requested version */
export function refuseForm(node: Node, opset: number, reason: string): never {
  throw new UnsupportedError(
    placeOf(node),
    `${quote(node.op)} has no form in opset ${opset}: ${reason}; ask for a newer opset`,
  );
}

const numbers = (node: Node, index: number, form: OlderForm): readonly number[] => {
  const value = form.constant(node.inputs[index]);
  if (value === undefined) return refuseForm(node, form.opset, `its input ${index} must be a constant there`);
  return Array.from(value.data as ArrayLike<number | bigint>, Number);
};

/** An input of newer versions as the attribute that it was before. */
const inputAsAttribute =
  (index: number, name: string): OlderRule =>
  (node, form) => {
    if ((node.inputs[index] ?? "") === "") return [{ ...node, inputs: node.inputs.slice(0, index) }];
    const attribute: Attribute = { kind: "ints", value: numbers(node, index, form) };
    return [
      { ...node, inputs: node.inputs.slice(0, index), attributes: new Map([...node.attributes, [name, attribute]]) },
    ];
  };

/** A reduction over no axes, which older versions cannot express, is the identity. */
const reduce: OlderRule = (node, form) => {
  const noop = node.attributes.get("noop_with_empty_axes");
  const empty = (node.inputs[1] ?? "") === "" || numbers(node, 1, form).length === 0;
  if (noop?.kind === "int" && Number(noop.value) === 1 && empty) {
    refuseForm(node, form.opset, "a reduction over no axes cannot be written");
  }
  const attributes = new Map([...node.attributes].filter(([name]) => name !== "noop_with_empty_axes"));
  const written = { ...node, attributes };
  return empty ? [{ ...written, inputs: node.inputs.slice(0, 1) }] : inputAsAttribute(1, "axes")(written, form);
};

const plain = (op: string, inputs: readonly string[], output: string, name: string): Node => ({
  op,
  domain: "",
  name,
  inputs,
  outputs: [output],
  attributes: new Map(),
});

/** a ≥ b is not (a < b). */
const negated =
  (op: string): OlderRule =>
  (node, form) => {
    const between = form.freshName(`${node.outputs[0]}/not`);
    return [
      plain(op, node.inputs, between, form.freshName(`${node.name}/${op}`)),
      plain("Not", [between], node.outputs[0], node.name),
    ];
  };

/** Before version 13, softmax ran over all axes from `axis` on: that is a single axis only if it is the last. */
const softmax: OlderRule = (node, form) => {
  const rank = form.type(node.inputs[0])?.shape.length;
  if (rank === undefined) return refuseForm(node, form.opset, "the rank of its input is not known");
  const written = node.attributes.get("axis");
  const axis = ((written?.kind === "int" ? Number(written.value) : -1) + rank) % rank;
  const last: Attribute = { kind: "int", value: rank - 1 };
  if (axis === rank - 1) return [{ ...node, attributes: new Map([["axis", last]]) }];
  const perm = Array.from({ length: rank }, (_, at) => (at === axis ? rank - 1 : at === rank - 1 ? axis : at));
  const order: Attribute = { kind: "ints", value: perm };
  const [turned, done] = ["turned", "done"].map((word) => form.freshName(`${node.outputs[0]}/${word}`));
  const transpose = (from: string, to: string): Node => ({
    ...plain("Transpose", [from], to, form.freshName(`${node.name}/Transpose`)),
    attributes: new Map([["perm", order]]),
  });
  return [
    transpose(node.inputs[0], turned),
    { ...node, inputs: [turned], outputs: [done], attributes: new Map([["axis", last]]) },
    transpose(done, node.outputs[0]),
  ];
};

/** A split without sizes gives equal parts; unequal sizes are written out. */
const splitEvenly: OlderRule = (node, form) => {
  const attributes = new Map([...node.attributes].filter(([name]) => name !== "num_outputs"));
  if (!node.attributes.has("num_outputs") || (node.inputs[1] ?? "") !== "") return [{ ...node, attributes }];
  const sizes = node.outputs.map((name) => {
    const axis = node.attributes.get("axis");
    const shape = form.type(name)?.shape;
    const extent = shape?.at(axis?.kind === "int" ? Number(axis.value) : 0);
    return typeof extent === "number" ? extent : refuseForm(node, form.opset, "the sizes of its parts are not known");
  });
  if (sizes.every((size) => size === sizes[0])) return [{ ...node, inputs: node.inputs.slice(0, 1), attributes }];
  const list: Tensor<"int64"> = { dtype: "int64", shape: [sizes.length], data: BigInt64Array.from(sizes, BigInt) };
  return [{ ...node, inputs: [node.inputs[0], form.addConstant(`${node.name}/sizes`, list)], attributes }];
};

/** HardSwish(x) = x · HardSigmoid(x), with slope 1/6. */
const hardSwish: OlderRule = (node, form) => {
  const gate = form.freshName(`${node.outputs[0]}/gate`);
  const slopes: readonly (readonly [string, Attribute])[] = [
    ["alpha", { kind: "float", value: 1 / 6 }],
    ["beta", { kind: "float", value: 0.5 }],
  ];
  const name = form.freshName(`${node.name}/HardSigmoid`);
  return [
    { ...plain("HardSigmoid", [node.inputs[0]], gate, name), attributes: new Map(slopes) },
    plain("Mul", [node.inputs[0], gate], node.outputs[0], node.name),
  ];
};

const needsFull: OlderRule = (node, form) =>
  (node.inputs[3] ?? "") === "" ? [node] : refuseForm(node, form.opset, "it names the axes that it pads");

/** How an operator of version 18 is written in versions below the given one. Rules of newer versions run first. */
export const olderRules: ReadonlyMap<string, readonly (readonly [below: number, rule: OlderRule])[]> = new Map(
  Object.entries({
    GreaterOrEqual: [[12, negated("Less")]],
    HardSwish: [[14, hardSwish]],
    LessOrEqual: [[12, negated("Greater")]],
    LogSoftmax: [[13, softmax]],
    Pad: [[18, needsFull]],
    ...Object.fromEntries(
      ["L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "SumSquare"].map((kind) => [
        `Reduce${kind}`,
        [[18, reduce]] as const,
      ]),
    ),
    ReduceSum: [[13, reduce]],
    Softmax: [[13, softmax]],
    Split: [
      [18, splitEvenly],
      [13, inputAsAttribute(1, "split")],
    ],
    Squeeze: [[13, inputAsAttribute(1, "axes")]],
    Unsqueeze: [[13, inputAsAttribute(1, "axes")]],
  } satisfies Readonly<Record<string, readonly (readonly [number, OlderRule])[]>>),
);

/** An attribute added after its operator. */
export interface NewerAttribute {
  readonly name: string;
  readonly since: number;
  /** Whether it has the value that is implied without it. */
  readonly isNeutral: (attribute: Attribute) => boolean;
}

const newer = (name: string, since: number, isNeutral: NewerAttribute["isNeutral"]): NewerAttribute => ({
  name,
  since,
  isNeutral,
});
const number =
  (wanted: number): NewerAttribute["isNeutral"] =>
  (attribute) =>
    attribute.kind === "int" && Number(attribute.value) === wanted;
const text =
  (wanted: string): NewerAttribute["isNeutral"] =>
  (attribute) =>
    attribute.kind === "string" && attribute.value === wanted;
const ones: NewerAttribute["isNeutral"] = (attribute) =>
  attribute.kind === "ints" && attribute.value.every((value) => Number(value) === 1);
const never: NewerAttribute["isNeutral"] = () => false;

/** Attributes added after their operators. */
export const newerAttributes: ReadonlyMap<string, readonly NewerAttribute[]> = new Map([
  ["ArgMax", [newer("select_last_index", 12, number(0))]],
  ["ArgMin", [newer("select_last_index", 12, number(0))]],
  ["AveragePool", [newer("dilations", 19, ones)]],
  ["BatchNormalization", [newer("training_mode", 14, number(0))]],
  ["Cast", [newer("saturate", 19, number(1))]],
  ["GRU", [newer("layout", 14, number(0))]],
  ["LSTM", [newer("layout", 14, number(0))]],
  ["RNN", [newer("layout", 14, number(0))]],
  ["Reshape", [newer("allowzero", 14, number(0))]],
  [
    "Resize",
    [
      newer("antialias", 18, number(0)),
      newer("axes", 18, never),
      newer("keep_aspect_ratio_policy", 18, text("stretch")),
    ],
  ],
  ["ScatterElements", [newer("reduction", 16, text("none"))]],
  ["ScatterND", [newer("reduction", 16, text("none"))]],
  ["Shape", [newer("start", 15, number(0)), newer("end", 15, never)]],
]);

/** Operators that version 11 has in the same form as 18, or with the rules above. */
const sinceEleven =
  "Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization Cast Ceil Clip Compress Concat " +
  "Constant ConstantOfShape Conv ConvTranspose Cos Cosh CumSum DepthToSpace Div Dropout Elu Equal Erf Exp Expand EyeLike Flatten " +
  "Floor GRU Gather GatherElements GatherND Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual HardSigmoid " +
  "HardSwish Hardmax Identity InstanceNormalization LRN LSTM LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization LpPool MatMul " +
  "Max MaxPool Mean Min Mod Mul Neg Not OneHot Or PRelu Pad Pow RNN Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum " +
  "ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize Round " +
  "ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze " +
  "Sub Sum Tan Tanh ThresholdedRelu Tile TopK Transpose Unsqueeze Where Xor";

/** The first version in which each operator can be written. */
export const firstOpsets: ReadonlyMap<string, number> = new Map([
  ...sinceEleven.split(" ").map((op) => [op, 11] as const),
  ["Celu", 12],
  ["Einsum", 12],
  ["Trilu", 14],
  ["GridSample", 16],
  ["LayerNormalization", 17],
  ["GroupNormalization", 18],
  ["Mish", 18],
  ["Gelu", 20],
]);

/** Operators whose meaning changed again after 18. */
export const lastOpsets: ReadonlyMap<string, number> = new Map([["GroupNormalization", 20]]);
