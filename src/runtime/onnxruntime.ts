import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import { UNRETURNED } from "../compile/outputs-in-place.ts";
import { type DType, dtypeArrays } from "../tensor/dtype.ts";
import { OptionError, ResiduaError, UnsupportedError } from "../tensor/errors.ts";
import { DeviceTensor, type DeviceTensorHooks } from "./device-tensor.ts";
import { explainFailure } from "./failure.ts";
import { convertFeeds } from "./feeds.ts";
import { HostTensor } from "./host-tensor.ts";
import type { OrtModule } from "./onnxruntime-module.ts";
import { createPlaces, runInPlace } from "./in-place.ts";
import { createQueue, type Queue } from "./queue.ts";
import type { DeclaredTensor, Runtime, RuntimeTensor, Session, SessionOptions } from "./runtime.ts";
import type { TensorReader } from "./tensor-reader.ts";
import { releaseAll } from "./release.ts";

/** What differs between the packages. */
export interface OrtFlavour {
  readonly name: Runtime["name"];
  readonly version: string;
  readonly hasBlockedDomain: boolean;
  readonly writesInPlace: boolean;
  readonly device: Runtime["device"];
  /** Reads tensors in GPU memory, for sessions with these settings; ONNX Runtime's `getData` if left out. */
  readonly createReader?: (settings: InferenceSession.SessionOptions) => TensorReader;
  /** Explains why no session could be created, if that is known. */
  readonly explainLoading?: (error: unknown) => ResiduaError | undefined;
  /** Explains why a run failed, if that is known. */
  readonly explainRun?: (error: unknown) => ResiduaError | undefined;
  /** Awaited before every model. */
  readonly beforeLoad?: () => Promise<void>;
  /** Called before every run. */
  readonly beforeRun?: (() => void) | undefined;
  /** @throws {OptionError} if an option is out of range */
  readonly sessionOptions: (options: SessionOptions) => InferenceSession.SessionOptions;
}

/** The lowest severity that ONNX Runtime prints by itself: an error is thrown as well, and told in our words. */
const LOG_FATAL = 4;

/**
 * One queue per package, shared by all runtimes. WebAssembly fails if runs overlap, even those of other sessions
 * ("Session already started"); in Node they block the thread anyway.
 */
const queues = new WeakMap<OrtModule, Queue>();

function queueOf(ort: OrtModule): Queue {
  const queue = queues.get(ort) ?? createQueue();
  queues.set(ort, queue);
  return queue;
}

/** Makes a runtime from one of ONNX Runtime's packages. */
export function createOrtRuntime(ort: OrtModule, flavour: OrtFlavour): Runtime {
  const queue = queueOf(ort);
  return {
    name: flavour.name,
    version: flavour.version,
    hasBlockedDomain: flavour.hasBlockedDomain,
    writesInPlace: flavour.writesInPlace,
    device: flavour.device,
    load: async (model, options = {}) => {
      await flavour.beforeLoad?.();
      const settings: InferenceSession.SessionOptions = {
        enableMemPattern: options.memoryPattern ?? false,
        enableCpuMemArena: options.memoryArena ?? true,
        graphOptimizationLevel: options.graphOptimization ?? "all",
        logSeverityLevel: LOG_FATAL,
        ...(options.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profile }),
        ...flavour.sessionOptions(options),
      };
      try {
        const inner = await queue(() => ort.InferenceSession.create(model, settings));
        const { preferredOutputLocation: _, ...others } = settings;
        return wrapSession(ort, flavour, inner, { ...options, reader: flavour.createReader?.(others) });
      } catch (error) {
        throw flavour.explainLoading?.(error) ?? explainFailure("model", error);
      }
    },
  };
}

function wrapSession(
  ort: OrtModule,
  { beforeRun, explainRun }: OrtFlavour,
  inner: InferenceSession,
  { overwrites, reader }: SessionOptions & { readonly reader: TensorReader | undefined },
): Session {
  const queue = queueOf(ort);
  const { inputNames, inputMetadata } = inner;
  const outputNames = inner.outputNames.filter((name) => name !== UNRETURNED);
  const inPlace = outputNames.length < inner.outputNames.length ? createPlaces(ort, inner, overwrites) : undefined;
  const inputs = new Map(inputNames.map((name, index) => [name, inputMetadata[index]]));
  const outputs = new Set(outputNames);
  const onDevice = new Set<DeviceTensor>();
  const explain = (error: unknown): never => {
    throw explainRun?.(error) ?? explainFailure("run", error);
  };
  const hooks: DeviceTensorHooks = {
    onClosed: (closed) => void onDevice.delete(closed),
    ...(reader && { read: (tensor) => reader.read(tensor).catch(explain) }),
  };
  let released: Promise<void> | undefined;
  const run: Session["run"] = async (feeds, fetches = outputNames, into = {}) => {
    if (released) throw new ResiduaError("session", "was released; load the model again");
    checkFetches(outputs, fetches);
    beforeRun?.();
    const fed = convertFeeds(ort, inputs, feeds);
    if (inPlace) return queue(() => runInPlace(inner, fed, inPlace(fetches, feeds, into)));
    const results = await queue(() => inner.run(fed, fetches)).catch(explain);
    return Object.fromEntries(
      Object.entries(results).map(([name, result]) => [
        name,
        wrapOutput(ort, name, result, (held) => onDevice.add(held), hooks),
      ]),
    );
  };
  const release = (): Promise<void> =>
    releaseAll([
      // The session owns their memory: releasing it later would be a use after free.
      ...Array.from(onDevice, (tensor) => () => tensor.close()),
      () => reader?.release(),
      () => inner.release(),
    ]);
  return {
    inputs: inputNames.map((name, index) => declare(name, inputMetadata[index])),
    outputs: outputNames.map((name) => declare(name, inner.outputMetadata[inner.outputNames.indexOf(name)])),
    inputNames,
    outputNames,
    run,
    endProfiling: () => inner.endProfiling(),
    release: () => (released ??= queue(release)),
  };
}

function declare(name: string, declared: InferenceSession.ValueMetadata | undefined): DeclaredTensor {
  if (declared?.isTensor !== true) return { name, dtype: "unknown", shape: undefined };
  const shape = declared.shape.map((extent) => (typeof extent === "number" && extent >= 0 ? extent : -1));
  // A scalar and an unknown rank look the same here.
  return { name, dtype: declared.type, shape: shape.length === 0 ? undefined : shape };
}

function checkFetches(outputs: ReadonlySet<string>, fetches: readonly string[]): void {
  const unknown = fetches.find((name) => !outputs.has(name));
  const choices = [...outputs].join(", ");
  if (unknown !== undefined) throw new OptionError(`output "${unknown}"`, `is not among the model's: ${choices}`);
  if (fetches.length === 0) throw new OptionError("fetches", `name no output; name some of ${choices}`);
}

function wrapOutput(
  ort: OrtModule,
  name: string,
  inner: OrtTensor,
  keep: (held: DeviceTensor) => void,
  hooks: DeviceTensorHooks,
): RuntimeTensor {
  const dtype = inner.type;
  if (!Object.hasOwn(dtypeArrays, dtype)) {
    throw new UnsupportedError(
      `output "${name}"`,
      `is a tensor of ${dtype}, which is not supported; fetch other outputs`,
    );
  }
  if (inner.location !== "gpu-buffer") return new HostTensor(inner, dtype as DType);
  const held = new DeviceTensor(ort, inner, dtype as DType, hooks);
  keep(held);
  return held;
}
