import type { GraphBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/graph.ts";
import { ResiduaError, ShapeError } from "../tensor/errors.ts";
import { sizeOf, type Shape, type SymbolicShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  type BufferSpec,
  type ForwardContext,
  joinPath,
  type Mode,
  type Module,
  type ParameterSpec,
} from "./module.ts";

/** What a module did to a value, for descriptions and drawings. */
export interface ModuleTrace {
  readonly path: string;
  readonly module: Module;
  readonly input: Value;
  readonly output: Value;
}

/** Noise that a step must be fed: Bernoulli(keep) / keep. */
export interface NoiseInput {
  readonly value: Value;
  readonly keep: number;
}

/** A network added to a graph. */
export interface ForwardPass {
  readonly output: Value;
  readonly parameters: ReadonlyMap<string, { readonly value: Value; readonly spec: ParameterSpec }>;
  readonly buffers: ReadonlyMap<string, { readonly value: Value; readonly spec: BufferSpec }>;
  /** The buffers after the step; empty in evaluation mode. */
  readonly bufferUpdates: ReadonlyMap<string, Value>;
  /** What those updates consist of. */
  readonly bufferBlends: ReadonlyMap<string, BufferBlend>;
  readonly noise: ReadonlyMap<string, NoiseInput>;
  readonly trace: readonly ModuleTrace[];
}

/** A buffer after a step: kept·old + added. */
export interface BufferBlend {
  readonly kept: number;
  readonly added: Value;
}

/**
 * Adds a network to a graph.
 *
 * @param x the input, `[N,C,…]`
 * @param options.state tensors to put into the graph as initializers; any other parameter or buffer becomes an input
 *   under its state-dict name
 * @param options.frozen which parameters, by state-dict name, training leaves unchanged. Default none.
 * @param options.syncBatchNorm the ranks whose batches a batch norm normalises together in training. Default: each its own.
 * @throws {ShapeError} naming the module whose input does not fit
 */
export function addForward(
  g: GraphBuilder,
  module: Module,
  x: Value,
  options: {
    readonly mode: Mode;
    readonly state?: ReadonlyMap<string, Tensor>;
    readonly frozen?: ((name: string, spec: ParameterSpec) => boolean) | undefined;
    readonly syncBatchNorm?: number | undefined;
  },
): ForwardPass {
  const parameters = new Map<string, { value: Value; spec: ParameterSpec }>();
  const buffers = new Map<string, { value: Value; spec: BufferSpec }>();
  const bufferUpdates = new Map<string, Value>();
  const bufferBlends = new Map<string, BufferBlend>();
  const noise = new Map<string, NoiseInput>();
  const trace: ModuleTrace[] = [];

  const bind = (name: string, shape: Shape): Value => {
    const held = options.state?.get(name);
    return held ? g.initializer(name, held) : g.input(name, "float32", shape);
  };
  const obtain = <Spec extends { readonly shape: Shape }>(
    held: Map<string, { value: Value; spec: Spec }>,
    path: string,
    name: string,
    spec: Spec | undefined,
  ): Value => {
    const full = joinPath(path, name);
    if (spec === undefined) throw new ResiduaError(path, `the module declares no "${name}"`);
    const entry = held.get(full) ?? { value: bind(full, spec.shape), spec };
    held.set(full, entry);
    return entry.value;
  };
  const run = (current: Module, path: string, input: Value): Value => {
    const context: ForwardContext = {
      g,
      mode: options.mode,
      syncBatchNorm: options.syncBatchNorm,
      path,
      parameter: (name) => obtain(parameters, path, name, current.parameters[name]),
      isFrozen: (name) => {
        const spec = current.parameters[name];
        return spec !== undefined && options.frozen?.(joinPath(path, name), spec) === true;
      },
      buffer: (name) => obtain(buffers, path, name, current.buffers[name]),
      blendBuffer: (name, own, momentum) => {
        const [full, kept] = [joinPath(path, name), 1 - momentum];
        const old = g.op("Mul", [context.buffer(name), g.fill(kept)]);
        const added = g.op("Mul", [own, g.fill(momentum)]);
        bufferUpdates.set(full, g.op("Add", [old, added]));
        bufferBlends.set(full, { kept, added });
      },
      noise: (name, keep, shape) => {
        const full = joinPath(path, name);
        const value = g.input(full, "float32", shape);
        noise.set(full, { value, keep });
        return value;
      },
      call: (child, value) => {
        const below = current.children[child];
        if (below === undefined) throw new ResiduaError(path, `the module has no child "${child}"`);
        return g.within(child, () => run(below, joinPath(path, child), value));
      },
    };
    const output = current.forward(context, input);
    trace.push({ path, module: current, input, output });
    return output;
  };
  return { output: run(module, "", x), parameters, buffers, bufferUpdates, bufferBlends, noise, trace };
}

/** Whether the shape's batch is known. @throws {ShapeError} if any other extent is not */
export function hasStaticBatch(shape: SymbolicShape): boolean {
  const open = shape.slice(1).find((extent) => typeof extent === "string");
  if (open !== undefined) throw new ShapeError("input", `only the batch may be open, not "${open}"`);
  return typeof shape[0] === "number" && sizeOf(shape as Shape) > 0;
}
