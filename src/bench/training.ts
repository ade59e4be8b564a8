import { fileURLToPath } from "node:url";
import { describeModule } from "../nn/describe.ts";
import { createModel } from "../nn/models.ts";
import type { Benchmark, BenchmarkSetting } from "./benchmark.ts";
import { type Contender, startContender, type Standing, takeTurns, type Tunables } from "./contender.ts";
import { compareRates, type Comparison, medianOf, spreadOf } from "./comparison.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { chooseLowering } from "../train/lowering.ts";
import { profileSteps } from "./profile.ts";
import { describeShares, shareStep } from "./step-shares.ts";
import { describeTorch, findTorches, startTorch } from "./torch.ts";

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

const ROOFLINE_SIDE = 2048;
const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** One of our processes that runs steps of a case. */
function startOurs(test: TrainCase, tunables: Tunables, { name = "ours", lowering = "auto", threads = 1 }): Contender {
  const step = [test.model, String(test.batch), String(test.size), lowering, String(threads)];
  return startContender(name, process.execPath, ["--expose-gc", file("./step-contender.js"), ...step], tunables);
}

function startRoofline(threads: number, tunables: Tunables): Contender {
  const options = [file("./roofline-contender.js"), String(ROOFLINE_SIDE), String(threads)];
  return startContender("roofline", process.execPath, options, tunables);
}

function compareMemory({ name }: TrainCase, ours: Standing, peer: Standing): Comparison {
  return {
    name: name.replace("train", "memory"),
    unit: "MB peak",
    ours: ours.peakMegabytes,
    peer: peer.peakMegabytes,
    peerName: peer.name,
    ratio: peer.peakMegabytes / ours.peakMegabytes,
    spread: spreadOf(ours),
  };
}

/** A step counts as three times the forward pass's multiply-adds, times two. */
function compareRoofline(
  { name, model, batch, size }: TrainCase,
  ours: Standing,
  roofline: Standing,
  peerName: string,
): Comparison {
  const { multiplyAdds } = describeModule(createModel(model).module, [3, size, size]);
  const own = (batch * 3 * 2 * multiplyAdds) / medianOf(ours) / 1e9;
  const limit = (2 * ROOFLINE_SIDE ** 3) / medianOf(roofline) / 1e9;
  return { name, unit: "GFLOP/s", ours: own, peer: limit, peerName, ratio: own / limit, spread: spreadOf(ours) };
}

async function takeTurnsAndStop(test: TrainCase, contenders: readonly Contender[]): Promise<readonly Standing[]> {
  try {
    return await takeTurns(contenders, test.rounds, test.steps);
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
  }
}

/** Where the time of our steps goes; measured apart, since the profiler takes some of it. */
async function measureShares({ name, model, batch, size, steps }: TrainCase, { threads, say }: BenchmarkSetting) {
  const runtime = createNodeRuntime();
  const { lowering } = await chooseLowering(runtime, "auto");
  const shares = shareStep(await profileSteps({ runtime, lowering, model, batch, size, threads, steps: 1 + steps }));
  say(`${name}: where a step's time goes: ${describeShares(shares)}`);
  return shares;
}

/** Training steps of one case against PyTorch in all modes, with and without large pages, and against the roofline. */
async function compareTraining(test: TrainCase, setting: BenchmarkSetting): Promise<readonly Comparison[]> {
  const { threads, say, pythons } = setting;
  const torches = await findTorches(pythons);
  if (torches.length === 0)
    say("PyTorch is not on this machine: its columns are left out (Debian: python3-torch, python3-torchvision)");
  for (const torch of torches) say(describeTorch(torch));
  const shares = await measureShares(test, setting);
  const rows: Comparison[] = [];
  for (const tunables of ["", "hugetlb"] as const satisfies readonly Tunables[]) {
    say(`${test.name} ${tunables}`.trim());
    // They were measured without large pages.
    const known = tunables === "" ? { shares } : {};
    const [ours, roofline, ...peers] = await takeTurnsAndStop(test, [
      startOurs(test, tunables, { threads }),
      startRoofline(threads, tunables),
      ...torches.flatMap((torch) => startTorch(torch, test, { threads, tunables, several: torches.length > 1 })),
    ]);
    for (const peer of peers) {
      rows.push({ ...compareRates(test.name, test.batch, { ours, peer, peerName: peer.name }), ...known });
      rows.push(compareMemory(test, ours, peer));
    }
    rows.push({ ...compareRoofline(test, ours, roofline, `roofline ${tunables}`.trim()), ...known });
  }
  return rows;
}

/** Two threads against one, and the blocked lowering against the portable one. */
async function compareOurselves(test: TrainCase, setting: BenchmarkSetting): Promise<readonly Comparison[]> {
  const { threads, say } = setting;
  const shares = await measureShares(test, setting);
  say(`${test.name}: threads and lowerings`);
  const [ours, ...peers] = await takeTurnsAndStop(test, [
    startOurs(test, "", { threads }),
    startOurs(test, "", { name: "one thread" }),
    startOurs(test, "", { name: "portable", lowering: "portable", threads }),
  ]);
  return peers.map((peer) => ({
    ...compareRates(test.name, test.batch, { ours, peer, peerName: peer.name }),
    shares,
  }));
}

export const trainingBenchmarks: readonly Benchmark[] = trainCases.flatMap((test): Benchmark[] => [
  { name: test.name, against: "torch", run: (setting) => compareTraining(test, setting) },
  { name: test.name, against: "ourselves", run: (setting) => compareOurselves(test, setting) },
]);
