import { fork } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { setInterval, clearInterval, setTimeout, clearTimeout } from "node:timers";

/** @typedef {import("./worker.mjs").Case} Case */
/** @typedef {"ok" | "refused" | "uncaught" | "too long" | "too large"} Outcome */
/** @typedef {{ readonly outcome: Outcome, readonly message: string, readonly seconds: number }} Found */

export const outcomes = /** @type {const} */ (["ok", "refused", "uncaught", "too long", "too large"]);
/** What a file may take to be read or refused. */
const SECONDS = 30;
const EXTRA_BYTES = 2 ** 30;
const WATCH_MILLISECONDS = 50;

/** Resident memory of a process; undefined where the system does not tell. @param {number} pid */
async function residentBytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const found = /VmRSS:\s+(\d+) kB/.exec(status);
  return found === null ? undefined : 1024 * Number(found[1]);
}

/** A process that reads one file after another. It is replaced when it dies, hangs or has taken too much memory. */
export function createReader() {
  /** @type {{ readonly child: import("node:child_process").ChildProcess, readonly ready: Promise<void>, base: number } | undefined} */
  let worker;
  const start = () => {
    const child = fork(fileURLToPath(new URL("worker.mjs", import.meta.url)), [], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      serialization: "advanced",
    });
    const ready = new Promise((/** @type {(value: void) => void} */ resolve, reject) => {
      child.once("message", () => resolve());
      child.once("exit", () => reject(new Error("the reading process did not start; run npm run build first")));
    });
    worker = { child, ready, base: 0 };
    return worker;
  };
  const end = async () => {
    const { child } = worker ?? {};
    worker = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const isGone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await isGone;
  };

  /** @param {Case} read @returns {Promise<Found>} */
  const attempt = async (read) => {
    const own = worker ?? start();
    const { child } = own;
    await own.ready;
    if (own.base === 0) own.base = (await residentBytes(child.pid ?? 0)) ?? 0;
    const since = performance.now();
    let errors = "";
    child.stderr?.removeAllListeners("data").on("data", (piece) => (errors = (errors + piece).slice(-4000)));
    /** @type {{ readonly outcome: Outcome, readonly message: string, readonly peak?: number }} */
    const found = await new Promise((resolve) => {
      const settle = (/** @type {{ outcome: Outcome, message: string, peak?: number }} */ value) => {
        clearTimeout(limit);
        clearInterval(watch);
        child.removeAllListeners("message").removeAllListeners("exit");
        resolve(value);
      };
      const limit = setTimeout(() => settle({ outcome: "too long", message: `after ${SECONDS} s` }), 1000 * SECONDS);
      const watch = setInterval(() => {
        void residentBytes(child.pid ?? 0).then((bytes = 0) => {
          if (bytes - own.base > EXTRA_BYTES)
            settle({ outcome: "too large", message: `${bytes - own.base} bytes more` });
        });
      }, WATCH_MILLISECONDS);
      child.once("message", (value) => settle(/** @type {any} */ (value)));
      child.once("exit", (code, signal) =>
        settle({ outcome: "uncaught", message: `the process ended: ${code ?? signal}\n${errors}` }),
      );
      child.send(read);
    });
    const seconds = (performance.now() - since) / 1000;
    const grown = (found.peak ?? 0) - own.base;
    if (found.outcome !== "ok" && found.outcome !== "refused") await end();
    else if (grown > EXTRA_BYTES) {
      await end();
      return { outcome: "too large", message: `${grown} bytes more; ${found.message}`, seconds };
    }
    return { outcome: found.outcome, message: found.message, seconds };
  };
  return { attempt, end };
}
