import type { Tensor } from "../../tensor/tensor.ts";
import type { TensorType } from "../graph.ts";

/** The kind under which ONNX stores an attribute whose TypeScript type is `T`. */
export type KindOf<T> = T extends string
  ? "string"
  : T extends number
    ? "int" | "float"
    : T extends readonly number[]
      ? "ints" | "floats"
      : T extends Tensor
        ? "tensor"
        : never;

/** What shape inference may use: an operator's inputs, attributes and constants. */
export interface OperatorCall<Attributes> {
  /** The place of the operator, for errors. */
  readonly where: string;
  readonly inputs: readonly (TensorType | undefined)[];
  readonly attributes: Attributes;
  /** How many outputs the node has. */
  readonly outputCount: number;
  /** The type of a required input. @throws {ShapeError} if it is absent */
  input(index: number): TensorType;
  /** The elements of an input that is a constant of whole numbers. @throws {ShapeError} if it is not */
  constants(index: number): readonly number[];
  /** The constant tensor behind an input, if it is one. */
  constant(index: number): Tensor | undefined;
}

/** An operator: its domain, how its attributes are stored, and its outputs. */
export interface OperatorDefinition<Attributes> {
  readonly domain: string;
  readonly name: string;
  readonly attributes: { readonly [Name in keyof Required<Attributes>]: KindOf<Required<Attributes>[Name]> };
  /** The types of the outputs. @throws {ShapeError} if the inputs do not fit the operator */
  readonly infer: (call: OperatorCall<Attributes>) => readonly TensorType[];
}

/** A table with one definition per operator; a missing row does not compile. */
export type OperatorTable<Operators> = {
  readonly [Op in keyof Operators]: OperatorDefinition<Operators[Op]>;
};

/** Attributes of an operator that has none. */
export type NoAttributes = Readonly<Record<never, never>>;
