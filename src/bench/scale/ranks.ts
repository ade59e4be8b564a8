import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Benchmark, BenchmarkSetting } from "../benchmark.ts";
import { compareRates, type Comparison, medianOf, spreadOf } from "../comparison.ts";
import { type Contender, startContender, startLineProcess, takeTurns } from "../contender.ts";
import { type MachinePair, openMachinePair, whyNoMachines } from "./machines.ts";

/** A training step that ranks take together. */
interface RankCase {
  readonly name: string;
  readonly step: readonly [model: string, batch: number, size: number];
  readonly rounds: number;
  readonly steps: number;
}

const cases: readonly RankCase[] = [
  { name: "resnet20 b128", step: ["resnet20", 128, 32], rounds: 5, steps: 4 },
  { name: "resnet50 b8", step: ["resnet50", 8, 224], rounds: 4, steps: 2 },
];

/** What ResNet-50's gradients take. */
const SUM_BYTES = 102_000_000;
const SUM_ROUNDS = 5;

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const stepOf = ({ step }: RankCase, threads: number): readonly string[] => [
  process.execPath,
  "--expose-gc",
  script("../step-contender.js"),
  ...step.map(String),
  "auto",
  String(threads),
];

/**
 * A program for each of two ranks, on a core of its own. The launcher gives lines to rank 0 alone, which passes them on through a
 * pipe: a rank that waited in MPI for what the other hears would take a core meanwhile.
 */
const onRanks = (pair: MachinePair, program: readonly string[]): readonly string[] => [
  ...pair.launcher("openmpi"),
  "sh",
  "-c",
  'if [ "$OMPI_COMM_WORLD_RANK" = 0 ]; then tee "$0" | taskset -c 0 "$@"; else exec taskset -c 1 "$@" < "$0"; fi',
  pair.pipe,
  ...program,
];

const isThere = (command: string, ...args: readonly string[]): boolean => spawnSync(command, args).status === 0;

/** The programs of a row that are not here. */
function findMissing(programs: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return Object.entries(programs).flatMap(([name, args]) => (isThere(name, ...args) ? [] : [name]));
}

/** Bytes that one machine sends a second in a sum, beside those of iperf3 over the same cable. */
async function compareSums(pair: MachinePair): Promise<readonly Comparison[]> {
  const program = [process.execPath, script("./sum-contender.js"), String(SUM_BYTES)];
  const [command, ...args] = onRanks(pair, program);
  const ranks = startLineProcess("ranks", command, args, process.env);
  const measure = async (send: () => Promise<number>): Promise<number> => {
    const before = pair.sentBytes(0);
    const seconds = await send();
    return (pair.sentBytes(0) - before) / 1e6 / seconds;
  };
  const sum = async (): Promise<number> => medianOf({ seconds: JSON.parse(await ranks.ask("1")) as number[] });
  const [ours, peer]: [number[], number[]] = [[], []];
  try {
    await sum();
    for (let round = 0; round < SUM_ROUNDS; round++) {
      ours.push(await measure(sum));
      peer.push(await measure(async () => sendByIperf(pair)));
    }
  } finally {
    await ranks.stop();
  }
  const [own, other] = [medianOf({ seconds: ours }), medianOf({ seconds: peer })];
  const spread = spreadOf({ seconds: ours });
  return [
    {
      name: "sum of 102 MB",
      unit: "MB/s sent",
      ours: own,
      peer: other,
      peerName: "iperf3",
      ratio: own / other,
      spread,
    },
  ];
}

/** Sends as many bytes as a sum. @returns seconds */
function sendByIperf(pair: MachinePair): number {
  const start = (machine: 0 | 1, ...args: readonly string[]) => {
    const [command, ...rest] = pair.on(machine, ["iperf3", "--json", ...args]);
    return spawnSync(command, rest, { encoding: "utf8" });
  };
  // A server for one client, in the background.
  start(1, "--server", "--one-off", "--daemon");
  const { stdout } = start(0, "--client", pair.addresses[1], "--bytes", String(SUM_BYTES));
  const { end } = JSON.parse(stdout) as { readonly end: { readonly sum_sent: { readonly seconds: number } } };
  return end.sum_sent.seconds;
}

/** The strategy's steps on a single rank beside undivided steps. */
async function compareAlone(test: RankCase, threads: number): Promise<Comparison> {
  const [node, ...step] = stepOf(test, threads);
  const launcher = "--allow-run-as-root --bind-to none -n 1".split(" ");
  const contenders = [
    startContender("one rank", "mpirun.openmpi", [...launcher, node, ...step], "hugetlb"),
    startContender("undivided", node, step, "hugetlb"),
  ];
  try {
    const [ours, peer] = await takeTurns(contenders, test.rounds, test.steps);
    return compareRates(`${test.name}, one rank`, test.step[1], { ours, peer, peerName: peer.name });
  } finally {
    await Promise.all(contenders.map((each) => each.stop()));
  }
}

/**
 * Two ranks on two machines of a core each, beside two trainings that know nothing of each other on the same cores at the same
 * time: beside both, and beside the slower alone, since ranks wait for the slower core.
 */
async function comparePair(test: RankCase, pair: MachinePair): Promise<readonly Comparison[]> {
  const start = (name: string, [command, ...args]: readonly string[]): Contender =>
    startContender(name, command, args, "hugetlb");
  const step = stepOf(test, 1);
  const ranks = start("two ranks", onRanks(pair, step));
  const cores = ["0", "1"].map((core) => start("a training", ["taskset", "-c", core, ...step]));
  const [together, apart]: [number[], number[][]] = [[], [[], []]];
  try {
    // The first round warms up.
    for (let round = 0; round <= test.rounds; round++) {
      const ours = await ranks.run(test.steps);
      const theirs = await Promise.all(cores.map((each) => each.run(test.steps)));
      if (round === 0) continue;
      together.push(...ours.seconds);
      for (const [core, { seconds }] of theirs.entries()) apart[core].push(...seconds);
    }
  } finally {
    await Promise.all([ranks, ...cores].map((each) => each.stop()));
  }
  const [first, second] = apart.map((seconds) => medianOf({ seconds }));
  const row = (peerName: string, seconds: number): Comparison =>
    compareRates(`${test.name}, two machines`, 2 * test.step[1], {
      ours: { seconds: together },
      peer: { seconds: [seconds] },
      peerName,
    });
  return [
    row("two trainings", 2 / (1 / first + 1 / second)),
    row("twice the slower training", Math.max(first, second)),
  ];
}

async function compareScale({ threads, say }: BenchmarkSetting): Promise<readonly Comparison[]> {
  const missing = findMissing({ "mpirun.openmpi": ["--version"] });
  if (missing.length > 0) {
    say("scale: Open MPI is not on this machine: its rows are left out (Debian: openmpi-bin)");
    return [];
  }
  const rows: Comparison[] = [];
  for (const test of cases) {
    say(`scale: ${test.name}, one rank`);
    rows.push(await compareAlone(test, threads));
  }
  return [...rows, ...(await compareMachines(say))];
}

async function compareMachines(say: BenchmarkSetting["say"]): Promise<readonly Comparison[]> {
  const missing = findMissing({ iperf3: ["--version"], tc: ["-V"], taskset: ["--version"] });
  const why =
    missing.length > 0
      ? `${missing.join(", ")} missing (Debian: iperf3, iproute2, util-linux)`
      : availableParallelism() < 2
        ? "this machine has one core"
        : whyNoMachines();
  if (why !== undefined) {
    say(`scale: rows of two machines are left out: ${why}`);
    return [];
  }
  const pair = openMachinePair();
  try {
    const rows: Comparison[] = [];
    say("scale: sum of 102 MB at 1 Gbit/s");
    pair.shape("1gbit");
    rows.push(...(await compareSums(pair)));
    pair.shape("10gbit");
    for (const test of cases) {
      say(`scale: ${test.name}, two machines at 10 Gbit/s`);
      rows.push(...(await comparePair(test, pair)));
    }
    return rows;
  } finally {
    pair.remove();
  }
}

/** Many machines: what a sum takes of the network, and what training together takes of a step. */
export const scaleBenchmark: Benchmark = { name: "scale", against: "ourselves", run: compareScale };
