import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describeModule } from "../nn/describe.ts";
import { createModel } from "../nn/models.ts";
import { startBrowserContenders } from "./browser-contenders.ts";
import { startContender, type Standing, takeTurns, type Tunables } from "./contender.ts";

/** A training step that is measured. */
export interface TrainCase {
  readonly name: string;
  readonly model: string;
  readonly batch: number;
  readonly size: number;
  readonly rounds: number;
  readonly steps: number;
}

/** The steps that are measured. */
export const trainCases: readonly TrainCase[] = [
  { name: "resnet20-train", model: "resnet20", batch: 128, size: 32, rounds: 4, steps: 4 },
  { name: "resnet56-train", model: "resnet56", batch: 128, size: 32, rounds: 3, steps: 2 },
  { name: "resnet110-train", model: "resnet110", batch: 128, size: 32, rounds: 2, steps: 2 },
  { name: "resnet18-train", model: "resnet18", batch: 16, size: 224, rounds: 3, steps: 2 },
  { name: "resnet50-train", model: "resnet50", batch: 8, size: 224, rounds: 3, steps: 2 },
];

/** The step that is measured in a browser. */
export const browserCase: TrainCase = { name: "browser", model: "resnet20", batch: 64, size: 32, rounds: 3, steps: 2 };

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
export function findTorch(): string | undefined {
  return ["/usr/bin/python3", "python3"].find(
    (python) => spawnSync(python, ["-c", "import torch, torchvision"], { stdio: "ignore" }).status === 0,
  );
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

const medianOf = ({ seconds }: Standing): number => quantile(seconds, 0.5);
const spreadOf = ({ seconds }: Standing): number =>
  (quantile(seconds, 0.75) - quantile(seconds, 0.25)) / medianOf({ seconds } as Standing);

/** Training steps of one case against PyTorch in both layouts, with and without large pages, and against the roofline. */
export async function compareTraining(
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
        [file("./step-contender.js"), ...common, "auto", String(threads)],
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
export async function compareOurselves(
  test: TrainCase,
  threads: number,
  say: (text: string) => void,
): Promise<readonly Comparison[]> {
  say(`${test.name}: threads and lowerings`);
  const start = (name: string, lowering: string, count: number) =>
    startContender(
      name,
      process.execPath,
      [file("./step-contender.js"), test.model, String(test.batch), String(test.size), lowering, String(count)],
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

/** Training of ResNet-20 in Chromium, in a worker with WebAssembly threads: ours against TensorFlow.js's. */
export async function compareBrowser(
  { name, batch, rounds, steps }: TrainCase,
  threads: number,
  say: (text: string) => void,
): Promise<readonly Comparison[]> {
  say(`${name}: building the page`);
  const { contenders, close } = await startBrowserContenders(threads, batch);
  try {
    const [ours, peer] = await takeTurns(contenders, rounds, steps);
    const rate = (standing: Standing): number => batch / medianOf(standing);
    return [
      {
        name,
        unit: "images/s",
        ours: rate(ours),
        peer: rate(peer),
        peerName: peer.name,
        ratio: rate(ours) / rate(peer),
        spread: spreadOf(ours),
      },
    ];
  } finally {
    await close();
  }
}
