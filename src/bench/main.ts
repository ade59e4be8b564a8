import { writeFileAtomically } from "../files/node.ts";
import { cpus } from "node:os";
import { Command, Option } from "commander";
import { wholeNumber } from "../cli/options.ts";
import { formatTable, print, printJson, printLines, say } from "../cli/output.ts";
import { ResiduaError } from "../tensor/errors.ts";
import type { Benchmark, Peer } from "./benchmark.ts";
import { browserBenchmarks } from "./browser.ts";
import type { Comparison } from "./comparison.ts";
import { compileBenchmarks } from "./compile-time.ts";
import { inferenceBenchmarks } from "./inference.ts";
import { launchesBenchmark } from "./launches.ts";
import { pipelineBenchmark } from "./pipeline.ts";
import { scaleBenchmark } from "./scale/ranks.ts";
import { overloadBenchmarks } from "./serve/overload.ts";
import { rateBenchmarks } from "./serve/rates.ts";
import { percent } from "./step-shares.ts";
import { trainingBenchmarks } from "./training.ts";

const benchmarks: readonly Benchmark[] = [
  ...trainingBenchmarks,
  pipelineBenchmark,
  launchesBenchmark,
  ...inferenceBenchmarks,
  ...compileBenchmarks,
  ...browserBenchmarks,
  ...rateBenchmarks,
  ...overloadBenchmarks,
  scaleBenchmark,
];

interface Options {
  readonly only?: string;
  readonly against: Peer | "all";
  readonly threads: number;
  readonly python: readonly string[];
  readonly json?: boolean;
  readonly out?: string;
}

const columns = [
  { title: "benchmark", value: (row: Comparison) => row.name },
  { title: "unit", value: (row: Comparison) => row.unit },
  { title: "ours", value: (row: Comparison) => row.ours.toPrecision(4), align: "right" as const },
  { title: "peer", value: (row: Comparison) => row.peer.toPrecision(4), align: "right" as const },
  { title: "against", value: (row: Comparison) => row.peerName },
  { title: "ratio", value: (row: Comparison) => row.ratio.toFixed(2), align: "right" as const },
  { title: "spread", value: (row: Comparison) => percent(row.spread), align: "right" as const },
];

/** Where a step's time goes, for those rows that know. */
const shareColumns = (["products", "memory", "waiting"] as const).map((name) => ({
  title: name,
  value: ({ shares }: Comparison) => (shares === undefined ? "" : percent(shares[name])),
  align: "right" as const,
}));

/** Where a run's figures come from. */
const describeMachine = (threads: number): string =>
  `${cpus()[0].model}, ${threads} threads, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;

async function runBenchmarks({ only, against, threads, python, json, out }: Options): Promise<void> {
  const chosen = benchmarks.filter(
    (each) => (only === undefined || each.name === only) && (against === "all" || each.against === against),
  );
  const rows: Comparison[] = [];
  for (const [index, benchmark] of chosen.entries()) {
    const place = chosen.length === 1 ? "" : `${index + 1} of ${chosen.length}: `;
    rows.push(...(await benchmark.run({ threads, pythons: python, say: (text) => say(`${place}${text}`) })));
    // After each, for all of them take long.
    if (out !== undefined)
      await writeFileAtomically(out, `${JSON.stringify({ machine: describeMachine(threads), rows }, undefined, 1)}\n`);
  }
  if (json) return printJson(rows);
  print(describeMachine(threads));
  const hasShares = rows.some(({ shares }) => shares !== undefined);
  printLines(formatTable(hasShares ? [...columns, ...shareColumns] : columns, rows));
}

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];

const command = new Command("bench")
  .description("ours beside a peer's, taking turns in one run; a ratio above 1 is in our favour")
  .addOption(new Option("--only <name>", "one benchmark").choices(unique(benchmarks.map(({ name }) => name))))
  .addOption(
    new Option("--against <peer>", "whom to compare with")
      .choices([...unique(benchmarks.map((each) => each.against)), "all"])
      .default("all"),
  )
  .option("--threads <n>", "threads on both sides", wholeNumber(1), cpus().length)
  .option(
    "--python <path>",
    "a Python whose PyTorch to compare training steps with, repeatable (default: the system's)",
    (path: string, before: readonly string[]) => [...before, path],
    [],
  )
  .option("--json", "print a JSON array")
  .option("--out <file>", "write the machine and the figures as JSON, after each benchmark")
  .action(runBenchmarks);

try {
  await command.parseAsync();
} catch (error) {
  if (!(error instanceof ResiduaError)) throw error;
  say(`bench: ${error.message}`);
  process.exitCode = 1;
}
