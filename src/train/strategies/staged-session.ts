import { toModel } from "../../compile/inference.ts";
import { leaveOutputsInPlace } from "../../compile/outputs-in-place.ts";
import { planStageMemory } from "../../compile/stage-memory.ts";
import { cutAtGathers, type Stage } from "../../compile/stages.ts";
import { encodeModel } from "../../onnx/encode.ts";
import type { Graph } from "../../onnx/graph.ts";
import { releaseAll, releaseOnFailure } from "../../runtime/release.ts";
import type { Runtime, RuntimeTensor, Session, SessionOptions } from "../../runtime/runtime.ts";
import { dtypeArrays } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32, tensor, type Tensor } from "../../tensor/tensor.ts";
import { disposeTensor } from "../held-state.ts";
import type { Collective } from "./collective.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** What a caller needs of a session. */
export type RunningSession = Pick<Session, "inputNames" | "outputNames" | "run" | "release">;

/** A stage, ready to run. */
interface LoadedStage {
  readonly session: Session;
  /** Outputs that later stages or the exchange need. */
  readonly needed: ReadonlySet<string>;
  /** Where those lie that are no results of the whole graph. */
  readonly handedOn: Tensors;
  readonly exchange: Exchange;
}

/** What ranks exchange after a stage, in one array: for each value, the ranks' in rank order. */
interface Exchange {
  readonly values: Float32Array;
  /** This rank's own part, by the name of the stage's output. */
  readonly sources: Tensors;
  /** All ranks', by the name of a later stage's input. */
  readonly results: Tensors;
}

function createExchange({ gathers }: Stage, { rank, size }: Collective): Exchange {
  const values = new Float32Array(gathers.reduce((sum, { shape }) => sum + size * sizeOf(shape), 0));
  const [sources, results]: Record<string, Tensor>[] = [{}, {}];
  let start = 0;
  for (const { source, result, shape } of gathers) {
    const each = sizeOf(shape);
    const all = values.subarray(start, start + size * each);
    sources[source] = float32(shape, all.subarray(rank * each, (rank + 1) * each));
    results[result] = float32([size, ...shape], all);
    start += size * each;
  }
  return { values, sources, results };
}

/** Memory for the values that stages hand on, by name. */
function createMemory(stages: readonly Stage[], results: ReadonlySet<string>): Tensors {
  const { slots, slotOf } = planStageMemory(stages, results);
  const arrays = slots.map(({ dtype, elements }) => new dtypeArrays[dtype](elements));
  const outputs = stages.flatMap(({ graph }) => graph.outputs).filter(({ name }) => slotOf.has(name));
  return Object.fromEntries(
    outputs.map(({ name, dtype, shape }) => {
      const whole = arrays[slotOf.get(name)!];
      return [name, tensor(dtype, shape as Shape, whole.subarray(0, sizeOf(shape as Shape)))];
    }),
  );
}

/**
 * Loads a graph that ranks run together, each on its own data: in stages, between which they exchange what the graph
 * gathers. Every rank must run it at the same time.
 *
 * @param graph lowered, but for its `GatherRanks`
 * @param settings of each stage's session
 */
export async function loadStages(
  runtime: Runtime,
  graph: Graph,
  collective: Collective,
  settings: SessionOptions,
): Promise<RunningSession> {
  const parts = cutAtGathers(graph);
  const outputNames = graph.outputs.map(({ name }) => name);
  const memory = createMemory(parts, new Set(outputNames));
  const taken = new Set(parts.flatMap((part) => part.graph.inputs.map(({ name }) => name)));
  const stages: LoadedStage[] = [];
  const release = (): Promise<void> =>
    releaseAll(
      stages.map(
        ({ session }) =>
          () =>
            session.release(),
      ),
    );
  for (const stage of parts) {
    const whole = runtime.writesInPlace ? leaveOutputsInPlace(stage.graph) : stage.graph;
    const session = await releaseOnFailure({ release }, () => runtime.load(encodeModel(toModel(whole)), settings));
    const handedOn = Object.fromEntries(
      session.outputNames.flatMap((name) => (Object.hasOwn(memory, name) ? [[name, memory[name]] as const] : [])),
    );
    const exchange = createExchange(stage, collective);
    const needed = new Set(
      session.outputNames.filter((name) => taken.has(name) || Object.hasOwn(exchange.sources, name)),
    );
    stages.push({ session, needed, handedOn, exchange });
  }
  return {
    inputNames: graph.inputs.map(({ name }) => name),
    outputNames,
    run: (feeds, fetches = outputNames, into = {}) => runStages(stages, collective, { feeds, fetches, into }),
    release,
  };
}

type Values = Readonly<Record<string, Tensor | RuntimeTensor>>;

async function runStages(
  stages: readonly LoadedStage[],
  collective: Collective,
  { feeds, fetches, into }: { readonly feeds: Values; readonly fetches: readonly string[]; readonly into: Values },
): Promise<Readonly<Record<string, RuntimeTensor>>> {
  const wanted = new Set(fetches);
  const values: Record<string, Tensor | RuntimeTensor> = { ...feeds };
  for (const { session, needed, handedOn, exchange } of stages) {
    // Zero but for this rank's own: the sum over all ranks is then exact.
    exchange.values.fill(0);
    const asked = session.outputNames.filter((name) => wanted.has(name) || needed.has(name));
    if (asked.length === 0) continue;
    const taken = Object.fromEntries(session.inputNames.map((name) => [name, values[name]] as const));
    const results = await session.run(taken, asked, { ...into, ...handedOn, ...exchange.sources });
    Object.assign(values, results);
    for (const [name, place] of Object.entries(exchange.sources)) await moveInto(place, results[name]);
    if (exchange.values.length === 0) continue;
    await collective.allReduce(exchange.values);
    Object.assign(values, exchange.results);
  }
  for (const { needed } of stages) for (const name of needed) if (!wanted.has(name)) disposeTensor(values[name]);
  return Object.fromEntries(fetches.map((name) => [name, values[name] as RuntimeTensor]));
}

/** Copies a result to where it belongs, unless the runtime has written it there. */
async function moveInto(place: Tensor, result: RuntimeTensor): Promise<void> {
  const { data } = await result.read();
  if (data.buffer !== place.data.buffer) (place.data as Float32Array).set(data as Float32Array);
}
