import type { ChildProcess } from "node:child_process";
import { totalmem } from "node:os";
import { clearTimeout, setTimeout } from "node:timers";
import { builtFile } from "../../../files/node.ts";
import { forkWorker } from "../../../jobs/node/child-process.ts";
import { restoreError } from "../../../jobs/remote-error.ts";
import { EnvironmentError, OptionError } from "../../../tensor/errors.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { Device } from "../../device.ts";
import { createQueue } from "../../queue.ts";
import type { Runtime, RuntimeTensor, Session } from "../../runtime.ts";
import { type GuardedAnswer, type GuardedOrder, MEMORY_WORD, type NamedTensors } from "./protocol.ts";

/** What a model from elsewhere may take. */
export interface Guard {
  /** Seconds for loading it, and for each run. Default 60. */
  readonly timeLimit?: number;
  /** Bytes. Default: 4 GiB or eight times the file, whichever is more, but at most three quarters of the machine's. */
  readonly memoryLimit?: number;
}

const STANDARD_SECONDS = 60;
const STANDARD_BYTES = 2 ** 32;
const MOST_KEPT = 4096;

function chooseMemory(model: Uint8Array, { memoryLimit }: Guard): number {
  return memoryLimit ?? Math.min(Math.max(STANDARD_BYTES, 8 * model.length), 0.75 * totalmem());
}

/** One order at a time to the process; it is killed if it takes too long. */
function openLine(child: ChildProcess, seconds: number): (order: GuardedOrder) => Promise<GuardedAnswer> {
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (piece: string) => (words = (words + piece).slice(-MOST_KEPT)));
  child.stdout?.resume();
  return (order) =>
    new Promise((resolve, reject) => {
      let isLate = false;
      const end = (): void => {
        clearTimeout(timer);
        child.removeListener("message", hear).removeListener("close", lose).removeListener("error", lose);
      };
      const hear = (answer: GuardedAnswer): void => {
        end();
        resolve(answer);
      };
      const lose = (): void => {
        end();
        const why = isLate
          ? `took more than ${seconds} s; give it more with \`timeLimit\`, or another model`
          : words.includes(MEMORY_WORD)
            ? "took more memory than a model may; give it smaller images or another model"
            : "ended the process that ran it; it is damaged, or made to do so";
        reject(new EnvironmentError("model", why));
      };
      const timer = setTimeout(() => {
        isLate = true;
        child.kill("SIGKILL");
      }, seconds * 1000);
      child.on("message", hear).once("close", lose).once("error", lose);
      child.send(order, (error) => error !== null && lose());
    });
}

async function readFeeds(feeds: Readonly<Record<string, Tensor | RuntimeTensor>>): Promise<NamedTensors> {
  const read = Object.entries(feeds).map(async ([name, value]) => [name, "read" in value ? await value.read() : value]);
  return Object.fromEntries(await Promise.all(read)) as NamedTensors;
}

const hold = (value: Tensor): RuntimeTensor => ({
  dtype: value.dtype,
  shape: value.shape,
  read: async () => value,
  dispose: () => undefined,
});

/**
 * ONNX Runtime's native build in a process of its own, which may be ended: for models from elsewhere, whose graph may run for
 * ever or take all memory. Nothing that the process prints reaches this one's terminal.
 *
 * @throws {OptionError} if the time limit is not a number of seconds above 0
 */
export function createGuardedRuntime(base: Runtime, guard: Guard = {}): Runtime {
  const seconds = guard.timeLimit ?? STANDARD_SECONDS;
  if (!(seconds > 0 && seconds < 2 ** 31 / 1000))
    throw new OptionError("timeLimit", `must be a number of seconds above 0, got ${seconds}`);
  // The base is Node's, which is never WebAssembly.
  const device = base.device as Device;
  return {
    ...base,
    writesInPlace: false,
    load: async (model, options = {}) => {
      const child = forkWorker(builtFile(import.meta.url, "./worker.js"));
      const queue = createQueue();
      const send = openLine(child, seconds);
      const ask = async (order: GuardedOrder): Promise<GuardedAnswer> => {
        const answer = await queue(() => send(order));
        if (answer.kind === "failed") throw restoreError(answer.error);
        return answer;
      };
      const release = async (): Promise<void> => void child.kill("SIGKILL");
      try {
        const loaded = await ask({ kind: "load", model, options, memory: chooseMemory(model, guard), device });
        return openSession(loaded, ask, release);
      } catch (error) {
        await release();
        throw error;
      }
    },
  };
}

function openSession(
  loaded: GuardedAnswer,
  ask: (order: GuardedOrder) => Promise<GuardedAnswer>,
  release: () => Promise<void>,
): Session {
  const { inputs, outputs: declared, inputNames, outputNames } = loaded as Extract<GuardedAnswer, { kind: "loaded" }>;
  return {
    inputs,
    outputs: declared,
    inputNames,
    outputNames,
    run: async (feeds, fetches = outputNames) => {
      const ran = await ask({ kind: "run", feeds: await readFeeds(feeds), fetches });
      const { outputs } = ran as Extract<GuardedAnswer, { kind: "ran" }>;
      return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, hold(value)]));
    },
    endProfiling: () => undefined,
    release,
  };
}
