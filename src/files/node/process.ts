import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Identifies a process on a machine: enough to tell later whether it is still alive. */
export interface ProcessIdentity {
  readonly host: string;
  /** The start of the machine and the space of process numbers, the number, and when the process began. */
  readonly process: string;
}

const read = (take: () => string): string => {
  try {
    return take().trim();
  } catch {
    return "";
  }
};

/** What a process number means something in: one start of one machine, and there one container. */
function processSpace(): string {
  const boot = read(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  const container = read(() => readlinkSync("/proc/self/ns/pid")).replaceAll(/\D/g, "");
  return `${boot}.${container}`;
}

/** Start time of a process as Linux counts it, which reveals a reused pid. */
function beginOf(pid: number): string {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The name, in brackets, may hold anything.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

/** This process. */
export function currentProcess(): ProcessIdentity {
  return { host: hostname(), process: `${processSpace()} ${process.pid} ${beginOf(process.pid)}` };
}

/** Whether a process is gone; undefined if this machine cannot tell, as for another machine's. */
export function isProcessGone({ host, process: identity }: ProcessIdentity): boolean | undefined {
  const [space, pid, begin] = identity.split(" ");
  if (host !== hostname() || space !== processSpace()) return undefined;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
  return beginOf(Number(pid)) !== begin;
}
