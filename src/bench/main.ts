import { cpus } from "node:os";
import { Command, Option } from "commander";
import { wholeNumber } from "../cli/options.ts";
import { formatTable, print, printJson, say } from "../cli/output.ts";
import {
  browserCase,
  compareBrowser,
  type Comparison,
  compareOurselves,
  compareTraining,
  findTorch,
  trainCases,
} from "./cases.ts";

interface Options {
  readonly only?: string;
  readonly against: "torch" | "tensorflow" | "ourselves" | "all";
  readonly threads: number;
  readonly json?: boolean;
}

const columns = [
  { title: "benchmark", value: (row: Comparison) => row.name },
  { title: "unit", value: (row: Comparison) => row.unit },
  { title: "ours", value: (row: Comparison) => row.ours.toPrecision(4), align: "right" as const },
  { title: "peer", value: (row: Comparison) => row.peer.toPrecision(4), align: "right" as const },
  { title: "against", value: (row: Comparison) => row.peerName },
  { title: "ratio", value: (row: Comparison) => row.ratio.toFixed(2), align: "right" as const },
  { title: "spread", value: (row: Comparison) => `${(100 * row.spread).toFixed(0)} %`, align: "right" as const },
];

async function runBenchmarks({ only, against, threads, json }: Options): Promise<void> {
  const cases = trainCases.filter(({ name }) => only === undefined || name === only);
  const python = findTorch();
  if (python === undefined && cases.length > 0 && (against === "torch" || against === "all"))
    say("PyTorch is not on this machine: its columns are left out (Debian: python3-torch, python3-torchvision)");
  const rows: Comparison[] = [];
  for (const test of cases) {
    if (against === "torch" || against === "all") rows.push(...(await compareTraining(test, threads, python, say)));
    if (against === "ourselves" || against === "all") rows.push(...(await compareOurselves(test, threads, say)));
  }
  if ((only ?? browserCase.name) === browserCase.name && (against === "tensorflow" || against === "all"))
    rows.push(...(await compareBrowser(browserCase, threads, say)));
  if (json) return printJson(rows);
  print(`${cpus()[0].model}, ${threads} threads, Node ${process.version}`);
  print(formatTable(columns, rows));
}

await new Command("bench")
  .description("training steps beside PyTorch's, taking turns in one run")
  .addOption(new Option("--only <name>", "one benchmark").choices([...trainCases, browserCase].map(({ name }) => name)))
  .addOption(
    new Option("--against <peer>", "whom to compare with")
      .choices(["torch", "tensorflow", "ourselves", "all"])
      .default("all"),
  )
  .option("--threads <n>", "threads on both sides", wholeNumber(1), cpus().length)
  .option("--json", "print a JSON array")
  .action(runBenchmarks)
  .parseAsync();
