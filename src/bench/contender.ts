import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { EnvironmentError } from "../tensor/errors.ts";

/** What one call of a contender measured. */
export interface Measured {
  /** Of each step. */
  readonly seconds: readonly number[];
  readonly peakMegabytes: number;
}

/** A process that runs steps when it is told to, so that several can take turns in one run. */
export interface Contender {
  readonly name: string;
  run(steps: number): Promise<Measured>;
  stop(): Promise<void>;
}

/** Memory settings that both sides of a pairing get. */
export type Tunables = "" | "hugetlb";

/** Minutes in which an answer must come: a compiler may take a quarter of an hour before the first step. */
const ANSWER_MINUTES = 30;

/** A process that answers lines with lines. */
export interface LineProcess {
  readonly pid: number;
  /** The next line that it writes. @throws {EnvironmentError} if it ends before, or takes too long, and is ended then */
  readonly read: () => Promise<string>;
  readonly ask: (line: string) => Promise<string>;
  /** Ends it by an empty line, and waits until it has ended. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts a process that answers lines with lines.
 *
 * @param minutes in which each answer must come
 */
export function startLineProcess(
  name: string,
  command: string,
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
  minutes: number = ANSWER_MINUTES,
): LineProcess {
  const child: ChildProcess = spawn(command, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  // One that has ended is told of when it is asked.
  child.stdin!.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const read = async (): Promise<string> => {
    let timer: NodeJS.Timeout | undefined;
    // What it has started may hold its output open: the answer is not waited for any longer.
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        child.kill("SIGKILL");
        reject(new EnvironmentError(name, `gave no answer within ${minutes} minutes`));
      }, minutes * 60_000);
    });
    const { value, done } = await Promise.race([lines.next(), late]).finally(() => clearTimeout(timer));
    if (done === true) throw new EnvironmentError(name, "ended before it answered");
    return value;
  };
  return {
    pid: child.pid ?? 0,
    read,
    ask: (line) => {
      child.stdin!.write(`${line}\n`);
      return read();
    },
    stop: async () => {
      child.stdin!.end("\n");
      await ended;
    },
  };
}

/** Starts a process that answers a number of steps on its input with a line of JSON. */
export function startContender(name: string, command: string, args: readonly string[], tunables: Tunables): Contender {
  const { GLIBC_TUNABLES: _, ...env } = process.env;
  const own = tunables === "hugetlb" ? { ...env, GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" } : env;
  const { ask, stop } = startLineProcess(name, command, args, own);
  return { name, run: async (steps) => JSON.parse(await ask(String(steps))) as Measured, stop };
}

/** Steps and peak memory of a contender over a whole run. */
export interface Standing {
  readonly name: string;
  readonly seconds: readonly number[];
  readonly peakMegabytes: number;
}

/**
 * Lets contenders take turns; the first turn warms up and does not count.
 *
 * @param steps of a turn, one number for all or one a contender: turns should last about equally long
 * @param warmUp steps of the first turn, given likewise
 */
export async function takeTurns(
  contenders: readonly Contender[],
  rounds: number,
  steps: number | readonly number[],
  warmUp: number | readonly number[] = 2,
): Promise<readonly Standing[]> {
  const standings = contenders.map(({ name }) => ({ name, seconds: [] as number[], peakMegabytes: 0 }));
  for (let round = 0; round <= rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const turn = round === 0 ? warmUp : steps;
      const measured = await contender.run(typeof turn === "number" ? turn : turn[index]);
      const standing = standings[index];
      if (round > 0) standing.seconds.push(...measured.seconds);
      standing.peakMegabytes = Math.max(standing.peakMegabytes, measured.peakMegabytes);
    }
  }
  return standings;
}
