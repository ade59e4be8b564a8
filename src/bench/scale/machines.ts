import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EnvironmentError } from "../../tensor/errors.ts";

/** The implementations of MPI that ranks are started by. */
export type Mpi = "openmpi" | "mpich";

/** One of the two machines of a pair. */
export type Machine = 0 | 1;

/**
 * Two network namespaces of this machine, joined by a virtual cable: to programs, two machines that reach each other by
 * TCP alone.
 */
export interface MachinePair {
  readonly addresses: readonly [string, string];
  /** A command, as it is started here to run there. */
  readonly on: (machine: Machine, command: readonly string[]) => readonly string[];
  /** The launcher of one rank on each machine, to be followed by the program. */
  readonly launcher: (mpi: Mpi) => readonly string[];
  /** Bytes that a machine has put on the cable, headers included. */
  readonly sentBytes: (machine: Machine) => number;
  /** Lets each machine send so much a second, by a token bucket. @param rate as `tc` takes it, such as "1gbit" */
  readonly shape: (rate: string) => void;
  /** A named pipe, which all their programs can open: they share this machine's files. */
  readonly pipe: string;
  readonly remove: () => void;
}

const CABLE = "veth0";
const NETWORK = "10.77.0.0/24";
const ADDRESSES = ["10.77.0.1", "10.77.0.2"] as const;
let pairs = 0;

/** Runs a command to its end. @throws {EnvironmentError} with its last words, if it fails */
function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status === 0) return stdout;
  const words = error?.message ?? stderr.trim().split("\n").at(-1);
  throw new EnvironmentError("namespaces", `${[command, ...args].join(" ")} failed: ${words}`);
}

/**
 * Joins two namespaces. No machine needs a server for logins: launchers call a script in its place.
 *
 * @throws {EnvironmentError} if this system does not allow it
 */
export function openMachinePair(): MachinePair {
  const prefix = `residua-${process.pid}-${pairs++}`;
  const names = [`${prefix}-1`, `${prefix}-2`] as const;
  const folder = mkdtempSync(join(tmpdir(), "residua-machines-"));
  const [agent, pipe] = [join(folder, "agent.sh"), join(folder, "pipe")];
  const remove = (): void => {
    for (const name of names) spawnSync("ip", ["netns", "del", name]);
    rmSync(folder, { recursive: true, force: true });
  };
  // Each has a host's name of its own, by which launchers tell machines apart. Options of ssh come before the address.
  const enter = `ip netns exec ${prefix}-$n unshare --uts sh -c 'hostname ${prefix}-'$n'; exec "$@"' -`;
  const script = [
    "#!/bin/sh",
    `while [ "\${1#-}" != "$1" ]; do shift; done`,
    `n=\${1##*.}; shift`,
    `exec ${enter} sh -c "$*"`,
  ];
  try {
    writeFileSync(agent, `${script.join("\n")}\n`, { mode: 0o755 });
    run("mkfifo", pipe);
    for (const name of names) run("ip", "netns", "add", name);
    run("ip", "link", "add", CABLE, "netns", names[0], "type", "veth", "peer", "name", CABLE, "netns", names[1]);
    for (const [index, name] of names.entries()) {
      run("ip", "-n", name, "addr", "add", `${ADDRESSES[index]}/24`, "dev", CABLE);
      for (const device of ["lo", CABLE]) run("ip", "-n", name, "link", "set", device, "up");
    }
    // Also finds out whether hosts' names may be changed.
    for (const address of ADDRESSES) run(agent, address, "true");
  } catch (error) {
    remove();
    throw error;
  }
  const on: MachinePair["on"] = (machine, command) => [
    "sh",
    "-c",
    `n=${machine + 1}; exec ${enter} "$@"`,
    "-",
    ...command,
  ];
  return {
    addresses: ADDRESSES,
    on,
    launcher: (mpi) => on(0, launcherOn[mpi](agent)),
    sentBytes: (machine) =>
      Number(run("ip", "netns", "exec", names[machine], "cat", `/sys/class/net/${CABLE}/statistics/tx_bytes`)),
    shape: (rate) => {
      for (const name of names)
        run("tc", "-n", name, ..."qdisc replace dev".split(" "), CABLE, ..."root tbf rate".split(" "), rate, ...BUCKET);
    },
    pipe,
    remove,
  };
}

/** Holds what a timer tick of 250 Hz lets through at 10 Gbit/s, and queues 50 ms. */
const BUCKET = ["burst", "5mb", "latency", "50ms"];

const launcherOn: Readonly<Record<Mpi, (agent: string) => readonly string[]>> = {
  openmpi: (agent) =>
    [
      "mpirun.openmpi --allow-run-as-root -n 2 --bind-to none --leave-session-attached --mca pml ob1 --mca btl tcp,self",
      `--mca btl_tcp_if_include ${NETWORK} --mca oob_tcp_if_include ${NETWORK}`,
      `--mca plm_rsh_agent ${agent} -H ${ADDRESSES.map((address) => `${address}:1`).join(",")}`,
    ].flatMap((options) => options.split(" ")),
  mpich: (agent) =>
    [
      "env UCX_TLS=tcp,self mpirun.mpich -n 2 -launcher ssh",
      `-launcher-exec ${agent} -iface ${CABLE} -hosts ${ADDRESSES.join(",")}`,
    ].flatMap((options) => options.split(" ")),
};

/** Why this system cannot have such machines; undefined if it can. */
export function whyNoMachines(): string | undefined {
  try {
    openMachinePair().remove();
    return undefined;
  } catch (error) {
    if (error instanceof EnvironmentError) return error.message;
    throw error;
  }
}
