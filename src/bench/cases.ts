import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describeModule } from "../nn/describe.ts";
import { createModel } from "../nn/models.ts";
import type { Benchmark } from "./benchmark.ts";
import { startContender, type Standing, takeTurns, type Tunables } from "./contender.ts";
import { medianOf, spreadOf } from "./statistics.ts";

/** A training step that is measured. */
interface TrainCase {
  readonly name: string;
  readonly model: string;
  readonly batch: number;
  readonly size: number;
  readonly rounds: number;
  readonly steps: number;
}

/** The steps that are measured. */
const trainCases: readonly TrainCase[] = [
  { name: "resnet20-train", model: "resnet20", batch: 128, size: 32, rounds: 4, steps: 4 },
  { name: "resnet56-train", model: "resnet56", batch: 128, size: 32, rounds: 3, steps: 2 },
  { name: "resnet110-train", model: "resnet110", batch: 128, size: 32, rounds: 2, steps: 2 },
  { name: "resnet18-train", model: "resnet18", batch: 16, size: 224, rounds: 3, steps: 2 },
  { name: "resnet50-train", model: "resnet50", batch: 8, size: 224, rounds: 3, steps: 2 },
];

/** One figure beside a peer's. */
export interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number;
  readonly peerName: string;
  /** Ours over the peer's, or the other way round where less is better: above 1 is better. */
  readonly ratio: number;
  /** Interquartile range of ours over its median. */
  readonly spread: number;
}

const ROOFLINE_SIDE = 2048;
const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const torchScript = fileURLToPath(new URL("../../bench/torch_step.py", import.meta.url));

/** Python with PyTorch, if this machine has it. */
function findTorch(): string | undefined {
  return ["/usr/bin/python3", "python3"].find(
    (python) => spawnSync(python, ["-c", "import torch, torchvision"], { stdio: "ignore" }).status === 0,
  );
}

/** Training steps of one case against PyTorch in both layouts, with and without large pages, and against the roofline. */
async function compareTraining(
  test: TrainCase,
  threads: number,
  python: string | undefined,
  say: (text: string) => void,
): Promise<readonly Comparison[]> {
  const rows: Comparison[] = [];
  for (const tunables of ["", "hugetlb"] as const satisfies readonly Tunables[]) {
    const suffix = tunables === "" ? "" : ` ${tunables}`;
    say(`${test.name}${suffix}`);
    const common = [test.model, String(test.batch), String(test.size)];
    const contenders = [
      startContender(
        "ours",
        process.execPath,
        ["--expose-gc", file("./step-contender.js"), ...common, "auto", String(threads)],
        tunables,
      ),
      startContender(
        "roofline",
        process.execPath,
        [file("./roofline-contender.js"), String(ROOFLINE_SIDE), String(threads)],
        tunables,
      ),
      ...(python === undefined
        ? []
        : ["contiguous", "channels-last"].map((layout) =>
            startContender(
              `torch ${layout}${suffix}`,
              python,
              [torchScript, ...common, layout, String(threads)],
              tunables,
            ),
          )),
    ];
    try {
      const [ours, roofline, ...peers] = await takeTurns(contenders, test.rounds, test.steps);
      const rate = (standing: Standing): number => test.batch / medianOf(standing);
      for (const peer of peers) {
        const shared = { name: test.name, spread: spreadOf(ours), peerName: peer.name };
        rows.push({ ...shared, unit: "images/s", ours: rate(ours), peer: rate(peer), ratio: rate(ours) / rate(peer) });
        rows.push({
          ...shared,
          name: test.name.replace("train", "memory"),
          unit: "MB peak",
          ours: ours.peakMegabytes,
          peer: peer.peakMegabytes,
          ratio: peer.peakMegabytes / ours.peakMegabytes,
        });
      }
      const { multiplyAdds } = describeModule(createModel(test.model).module, [3, test.size, test.size]);
      const own = (rate(ours) * 3 * 2 * multiplyAdds) / 1e9;
      const limit = (2 * ROOFLINE_SIDE ** 3) / medianOf(roofline) / 1e9;
      rows.push({
        name: test.name,
        unit: "GFLOP/s",
        ours: own,
        peer: limit,
        peerName: `roofline${suffix}`,
        ratio: own / limit,
        spread: spreadOf(ours),
      });
    } finally {
      await Promise.all(contenders.map((contender) => contender.stop()));
    }
  }
  return rows;
}

/** Two threads against one, and the blocked lowering against the portable one. */
async function compareOurselves(
  test: TrainCase,
  threads: number,
  say: (text: string) => void,
): Promise<readonly Comparison[]> {
  say(`${test.name}: threads and lowerings`);
  const start = (name: string, lowering: string, count: number) =>
    startContender(
      name,
      process.execPath,
      [
        "--expose-gc",
        file("./step-contender.js"),
        test.model,
        String(test.batch),
        String(test.size),
        lowering,
        String(count),
      ],
      "",
    );
  const contenders = [
    start("auto", "auto", threads),
    start("one thread", "auto", 1),
    start("portable", "portable", threads),
  ];
  try {
    const [ours, ...peers] = await takeTurns(contenders, test.rounds, test.steps);
    const rate = (standing: Standing): number => test.batch / medianOf(standing);
    return peers.map((peer) => ({
      name: test.name,
      unit: "images/s",
      ours: rate(ours),
      peer: rate(peer),
      peerName: peer.name,
      ratio: rate(ours) / rate(peer),
      spread: spreadOf(ours),
    }));
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
  }
}

export const trainingBenchmarks: readonly Benchmark[] = trainCases.flatMap((test): Benchmark[] => [
  {
    name: test.name,
    against: "torch",
    run: ({ threads, say }) => {
      const python = findTorch();
      if (python === undefined)
        say("PyTorch is not on this machine: its columns are left out (Debian: python3-torch, python3-torchvision)");
      return compareTraining(test, threads, python, say);
    },
  },
  { name: test.name, against: "ourselves", run: ({ threads, say }) => compareOurselves(test, threads, say) },
]);
