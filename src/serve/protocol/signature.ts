import type { DataType } from "./data-types.ts";

/** An input or output of a model; −1 stands for a free extent. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: DataType;
  readonly shape: readonly number[];
}

/** What a served model takes and gives. */
export interface ModelSignature {
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  /** Names of the classes, in the order of the scores; none if the model does not say. */
  readonly classes: readonly string[];
  /** The task of a network that says what it is for: images can be predicted from. */
  readonly task: string | null;
  /** Whether the first axis of every input and output counts samples, so that requests can share a run. */
  readonly isBatched: boolean;
}

/** Whether requests can share a run: every first extent is free, under any name. */
export function isBatchedSignature(tensors: readonly TensorMetadata[]): boolean {
  return tensors.length > 0 && tensors.every(({ shape }) => shape.length > 0 && shape[0] === -1);
}
