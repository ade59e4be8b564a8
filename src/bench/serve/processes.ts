import { readdir, readFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { EnvironmentError } from "../../tensor/errors.ts";
import { startLineProcess } from "../contender.ts";

/** A server that is measured. */
export interface MeasuredServer {
  readonly name: string;
  readonly port: number;
  /** Seconds of processor time so far, of all its processes. */
  readonly processorSeconds: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

/** Processes that a process has started (Linux). */
async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim() === "" ? [] : text.trim().split(" ").map(Number);
}

/** Seconds that the threads of a process have run, to the nanosecond; what threads ran that have ended is not counted (Linux). */
async function processorSecondsOf(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8").catch(() => "0")),
  );
  return texts.reduce((sum, text) => sum + Number(text.split(" ")[0]), 0) / 1e9;
}

async function processorSecondsOfAll(pid: number): Promise<number> {
  const pids = [pid, ...(await childrenOf(pid))];
  return (await Promise.all(pids.map(processorSecondsOf))).reduce((a, b) => a + b, 0);
}

/** Starts `residua serve`, as one would. */
export async function startOurServer(args: readonly string[]): Promise<MeasuredServer> {
  const main = fileURLToPath(new URL("../../cli/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "serve", ...args], {
    env: { ...process.env, LC_ALL: "C.UTF-8" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^Listening on http:\/\/127\.0\.0\.1:(\d+);/.exec(line)?.[1];
    if (port === undefined) continue;
    child.stdout.resume();
    const pid = child.pid!;
    return {
      name: "ours",
      port: Number(port),
      processorSeconds: () => processorSecondsOfAll(pid),
      stop: async () => {
        child.kill("SIGTERM");
        await ended;
      },
    };
  }
  throw new EnvironmentError("residua serve", "ended before it listened");
}

/** Starts a peer that writes its port as its first line. */
export async function startPeerServer(name: string, command: string, args: readonly string[]): Promise<MeasuredServer> {
  const { pid, read, stop } = startLineProcess(name, command, args, process.env);
  const port = Number(await read());
  return { name, port, processorSeconds: () => processorSecondsOfAll(pid), stop };
}
