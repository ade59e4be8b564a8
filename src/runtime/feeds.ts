import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import { dtypeArrays } from "../tensor/dtype.ts";
import { ResiduaError, ShapeError, UnsupportedError } from "../tensor/errors.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { DeviceTensor } from "./device-tensor.ts";
import { HostTensor } from "./host-tensor.ts";
import type { OrtModule } from "./onnxruntime-module.ts";
import type { RuntimeTensor } from "./runtime.ts";

type Declared = InferenceSession.ValueMetadata | undefined;

/**
 * A run's inputs, without copying. Everything is checked against what the model declares, since ONNX Runtime's own
 * messages omit what is needed to fix a mistake.
 *
 * @param inputs the session's declared inputs, by name
 * @throws {ResiduaError} if an input is missing, unknown or of another type or shape
 */
export function convertFeeds(
  ort: OrtModule,
  inputs: ReadonlyMap<string, Declared>,
  feeds: Readonly<Record<string, Tensor | RuntimeTensor>>,
): InferenceSession.FeedsType {
  const unknown = Object.keys(feeds).find((name) => !inputs.has(name));
  if (unknown !== undefined) {
    throw new ResiduaError(`input "${unknown}"`, `is not among the model's: ${[...inputs.keys()].join(", ")}`);
  }
  const entries = Array.from(inputs, ([name, declared]) => {
    const where = `input "${name}"`;
    const fed = Object.hasOwn(feeds, name) ? feeds[name] : undefined;
    if (fed === undefined) throw new ResiduaError(where, "is missing; feed every input of the model");
    if (declared?.isTensor) checkDeclared(where, declared, fed);
    return [name, toOrt(ort, where, fed)] as const;
  });
  return Object.fromEntries(entries);
}

function checkDeclared(
  where: string,
  declared: InferenceSession.TensorValueMetadata,
  fed: Tensor | RuntimeTensor,
): void {
  if (declared.type !== fed.dtype) throw new ShapeError(where, `must be ${declared.type}, got ${fed.dtype}`);
  // A scalar and an unknown rank look the same here, and ONNX Runtime accepts any shape for both.
  if (declared.shape.length === 0) return;
  const fits =
    declared.shape.length === fed.shape.length &&
    declared.shape.every((extent, axis) => typeof extent === "string" || extent < 0 || extent === fed.shape[axis]);
  if (!fits)
    throw new ShapeError(where, `must have shape ${formatShape(declared.shape)}, got ${formatShape(fed.shape)}`);
}

function toOrt(ort: OrtModule, where: string, fed: Tensor | RuntimeTensor): OrtTensor {
  if (fed instanceof HostTensor) return fed.feed();
  if (fed instanceof DeviceTensor) return fed.feed(where);
  if (!("data" in fed)) throw new ResiduaError(where, "belongs to another runtime; feed what its read() returns");
  const { dtype, shape, data } = fed;
  if (dtype === "bfloat16") throw new UnsupportedError(where, "bfloat16 cannot be fed; convert it to float32");
  const array = dtypeArrays[dtype];
  if (!(data instanceof array)) {
    const kind = Object.prototype.toString.call(data).slice("[object ".length, -1);
    throw new ShapeError(where, `${dtype} must come in ${array.name}, got ${kind}`);
  }
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(where, `${formatShape(shape)} holds ${sizeOf(shape)} elements, got ${data.length}`);
  }
  return new ort.Tensor(dtype as "float32", data as Float32Array, shape);
}
