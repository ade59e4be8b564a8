import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { onTestFinished } from "vitest";
import { main } from "../cli/run.ts";

/** A server of the command line, in a process of its own. */
export interface ServeCommand {
  readonly pid: number;
  /** Where it listens, in the order of its policy; metrics come last. */
  readonly addresses: readonly string[];
  /** What it has said so far. */
  readonly said: () => string;
  /** Sends a signal, and waits for its end. @returns the exit code */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | null>;
}

/**
 * Starts `residua serve`; resolves when it listens in so many places. It is ended when the test ends.
 *
 * @param more further variables of its environment
 */
export async function startServeCommand(
  args: readonly string[],
  places: number,
  more: NodeJS.ProcessEnv = {},
): Promise<ServeCommand> {
  const env = { ...process.env, ...more };
  const child = spawn(process.execPath, [main, "serve", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let said = "";
  const ended = new Promise<number | null>((resolve) => void child.once("exit", (code) => resolve(code)));
  const addresses = (): readonly string[] =>
    Array.from(out.matchAll(/^(?:Listening|Metrics) on (\S+?)[;.](?=\s)/gm), ([, address]) => address);
  const end = async (signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> => {
    child.kill(signal);
    return ended;
  };
  onTestFinished(() => void end("SIGKILL"));
  child.stderr.on("data", (piece: Buffer) => (said += piece.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (piece: Buffer) => {
      out += piece.toString();
      if (addresses().length >= places) resolve();
    });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
  return { pid: child.pid!, addresses: addresses(), said: () => said, end };
}

/** A process's resident memory in bytes: now, and at most so far (Linux). */
export async function memoryOf(pid: number): Promise<{ readonly now: number; readonly peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const read = (name: string): number => 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]);
  return { now: read("VmRSS"), peak: read("VmHWM") };
}

/** The worker processes of a server (Linux). */
export async function workersOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim() === "" ? [] : text.trim().split(" ").map(Number);
}

/** What a metric counts, over all its labels. */
export async function counted(metrics: string, name: string): Promise<number> {
  const text = await (await fetch(metrics)).text();
  const values = Array.from(text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\d+)`, "gm")), ([, value]) =>
    Number(value),
  );
  return values.reduce((a, b) => a + b, 0);
}
