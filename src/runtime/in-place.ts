import type { InferenceSession } from "onnxruntime-common";
import { UNRETURNED } from "../compile/outputs-in-place.ts";
import { type DType, dtypeArrays } from "../tensor/dtype.ts";
import { ResiduaError, ShapeError } from "../tensor/errors.ts";
import { formatShape, sameShape, type Shape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { explainFailure } from "./failure.ts";
import { HostTensor } from "./host-tensor.ts";
import type { OrtModule } from "./onnxruntime-module.ts";
import type { RuntimeTensor, SessionOptions } from "./runtime.ts";

/** Where each output of a run is written. */
export type Places = Readonly<Record<string, HostTensor>>;

/** Finds where a run's outputs go: the tensors that were given for them, or new memory. */
export type FindPlaces = (
  fetches: readonly string[],
  feeds: Readonly<Record<string, Tensor | RuntimeTensor>>,
  into: Readonly<Record<string, Tensor | RuntimeTensor>>,
) => Places;

/**
 * @param overwrites inputs that may share memory with an output
 * @throws {ResiduaError} from what it returns, if a tensor given for an output does not fit it or is also an input of
 *   the same run
 */
export function createPlaces(
  ort: OrtModule,
  { outputNames, outputMetadata }: InferenceSession,
  overwrites: SessionOptions["overwrites"] = [],
): FindPlaces {
  const outputOf = new Map(overwrites);
  const declared = new Map(outputNames.map((name, index) => [name, outputMetadata[index]]));
  const placeOf = (name: string, given: Tensor | RuntimeTensor | undefined): HostTensor => {
    const output = declared.get(name);
    if (!output?.isTensor) throw new ResiduaError(`output "${name}"`, "is not a tensor; it cannot be written in place");
    const [dtype, shape] = [output.type as DType, output.shape as Shape];
    const holding = (data: Tensor["data"]): HostTensor =>
      new HostTensor(new ort.Tensor(dtype as "float32", data as Float32Array, shape), dtype);
    if (given === undefined) return holding(new dtypeArrays[dtype](sizeOf(shape)));
    const fits = given.dtype === dtype && sameShape(given.shape, shape);
    if (fits && given instanceof HostTensor) return given;
    if (fits && "data" in given) return holding(given.data);
    const found = `${given.dtype} ${formatShape(given.shape)}`;
    throw new ShapeError(`output "${name}"`, `cannot be written into ${found}; must be ${dtype} ${formatShape(shape)}`);
  };
  return (fetches, feeds, into) => {
    const isOverwritten = (input: string): boolean =>
      outputOf.has(input) && into[outputOf.get(input)!] === feeds[input];
    const fed = new Set(
      Object.keys(feeds)
        .filter((input) => !isOverwritten(input))
        .map((input) => feeds[input]),
    );
    const isFed = fetches.find((name) => Object.hasOwn(into, name) && fed.has(into[name]));
    if (isFed !== undefined)
      throw new ResiduaError(`output "${isFed}"`, "cannot be written into an input of the same run");
    return Object.fromEntries(fetches.map((name) => [name, placeOf(name, into[name])]));
  };
}

/** The error of onnxruntime-node for the first output that is not a tensor, after the run itself. */
const isDone = (error: unknown): boolean => error instanceof Error && error.message.startsWith("Non tensor type");

/** Runs a model made by `leaveOutputsInPlace`: afterwards the outputs are in the given memory only. */
export async function runInPlace(
  inner: InferenceSession,
  feeds: InferenceSession.FeedsType,
  places: Places,
): Promise<Places> {
  const tensors = Object.entries(places).map(([name, place]) => [name, place.feed()] as const);
  try {
    await inner.run(feeds, { [UNRETURNED]: null, ...Object.fromEntries(tensors) });
  } catch (error) {
    if (!isDone(error)) throw explainFailure("run", error);
  }
  return places;
}
