import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";

/** The number of physical cores in the text of Linux's /proc/cpuinfo; undefined if it does not say. */
export function countCores(cpuinfo: string): number | undefined {
  const cores = cpuinfo.split("\n\n").flatMap((processor) => {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}\\s*:\\s*(\\d+)$`, "m").exec(processor)?.[1];
    const core = field("core id");
    return core === undefined ? [] : [`${field("physical id")}:${core}`];
  });
  return cores.length === 0 ? undefined : new Set(cores).size;
}

/** The most threads that one operator may be given: more than a few per processor only take memory and time. */
export function mostThreads(): number {
  return 4 * availableParallelism();
}

/** Physical cores of this machine, whatever of them this process may use; logical ones where only those are known. */
export function machineCores(): number {
  if (process.platform !== "linux") return cpus().length;
  try {
    return countCores(readFileSync("/proc/cpuinfo", "latin1")) ?? cpus().length;
  } catch {
    return cpus().length;
  }
}

/**
 * One thread per core, limited to what this process may use. ONNX Runtime's own default was observed to be a single
 * thread on a virtual machine with two cores; two threads on one core, on the other hand, only slow each other down.
 */
export function defaultThreads(): number {
  return Math.min(machineCores(), availableParallelism());
}
