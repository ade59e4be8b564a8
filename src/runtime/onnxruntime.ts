import type { Env, InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import type { DType, DTypeArrays } from "../tensor/dtype.ts";
import { ResiduaError, ShapeError } from "../tensor/errors.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Runtime, RuntimeTensor, Session, SessionOptions } from "./runtime.ts";

/** The part of ONNX Runtime's JavaScript packages that is used; onnxruntime-node and onnxruntime-web both have it. */
export interface OrtModule {
  readonly env: Env;
  readonly Tensor: TensorConstructor;
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
}

/** What one of the packages does in its own way. */
export interface OrtFlavour {
  readonly name: Runtime["name"];
  readonly version: string;
  readonly hasBlockedDomain: boolean;
  readonly sessionOptions: (options: SessionOptions) => InferenceSession.SessionOptions;
}

/** The least severe message that ONNX Runtime prints by itself: errors. */
const LOG_ERRORS = 3;

class OrtRuntimeTensor implements RuntimeTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly inner: OrtTensor;

  constructor(inner: OrtTensor) {
    this.inner = inner;
    this.dtype = inner.type as DType;
    this.shape = inner.dims;
  }

  async read(): Promise<Tensor> {
    const data = (this.inner.location === "cpu" ? this.inner.data : await this.inner.getData()) as DTypeArrays[DType];
    return { dtype: this.dtype, shape: this.shape, data: data as never };
  }

  dispose(): void {
    // Memory of the host is the garbage collector's; disposing of it would only forbid a later read.
    if (this.inner.location !== "cpu") this.inner.dispose();
  }
}

/** ONNX Runtime's reason in one line, without its file names and line numbers. */
function failure(where: string, error: unknown): ResiduaError {
  const text = error instanceof Error ? error.message : String(error);
  const line = text
    .split("\n")[0]
    .replace(/^.*?ERROR_MESSAGE:\s*/, "")
    .replaceAll(/\/\S+\.(cc|h):\d+\s*/g, "")
    .trim();
  return new ResiduaError(where, `ONNX Runtime refused: ${line}`, { cause: error });
}

/** Makes a runtime of one of ONNX Runtime's packages. */
export function createOrtRuntime(ort: OrtModule, flavour: OrtFlavour): Runtime {
  return {
    name: flavour.name,
    version: flavour.version,
    hasBlockedDomain: flavour.hasBlockedDomain,
    load: async (model, options = {}) => {
      const settings: InferenceSession.SessionOptions = {
        enableMemPattern: options.memoryPattern ?? false,
        enableCpuMemArena: options.memoryArena ?? true,
        graphOptimizationLevel: options.graphOptimization ?? "all",
        logSeverityLevel: LOG_ERRORS,
        ...(options.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profile }),
        ...flavour.sessionOptions(options),
      };
      try {
        return wrapSession(ort, await ort.InferenceSession.create(model, settings));
      } catch (error) {
        throw failure("model", error);
      }
    },
  };
}

function wrapSession(ort: OrtModule, inner: InferenceSession): Session {
  let released: Promise<void> | undefined;
  let running: Promise<unknown> = Promise.resolve();
  const run: Session["run"] = async (feeds, fetches) => {
    if (released) throw new ResiduaError("session", "was released; load the model again");
    const inputs = Object.fromEntries(inner.inputNames.map((name) => [name, toOrt(ort, inner, name, feeds[name])]));
    const current = inner.run(inputs, fetches ?? inner.outputNames);
    running = current.catch(() => undefined);
    try {
      const results = await current;
      return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, new OrtRuntimeTensor(result)]));
    } catch (error) {
      throw failure("run", error);
    }
  };
  const release = async (): Promise<void> => {
    await running;
    await inner.release();
  };
  return {
    inputNames: inner.inputNames,
    outputNames: inner.outputNames,
    run,
    endProfiling: () => inner.endProfiling(),
    release: () => (released ??= release()),
  };
}

/** The tensor to feed, checked against what the model declares: ONNX Runtime's own messages name no shapes. */
function toOrt(
  ort: OrtModule,
  inner: InferenceSession,
  name: string,
  fed: Tensor | RuntimeTensor | undefined,
): OrtTensor {
  if (fed === undefined) throw new ResiduaError(`input "${name}"`, "is missing; feed every input of the model");
  const declared = inner.inputMetadata[inner.inputNames.indexOf(name)];
  if (declared?.isTensor) {
    if (declared.type !== fed.dtype)
      throw new ShapeError(`input "${name}"`, `must be ${declared.type}, got ${fed.dtype}`);
    const wanted = declared.shape.map((extent, axis) =>
      typeof extent === "number" && extent >= 0 ? extent : (fed.shape[axis] ?? 0),
    );
    if (wanted.length !== fed.shape.length || !sameShape(wanted, fed.shape)) {
      throw new ShapeError(
        `input "${name}"`,
        `must have shape ${formatShape(declared.shape)}, got ${formatShape(fed.shape)}`,
      );
    }
  }
  if (fed instanceof OrtRuntimeTensor) return fed.inner;
  const host = fed as Tensor;
  return new ort.Tensor(host.dtype as "float32", host.data as Float32Array, host.shape);
}
