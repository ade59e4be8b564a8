import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PortableChoices, portableChoices } from "../compile/portable/choices.ts";
import { createPortableLowering } from "../compile/portable/lowering.ts";
import { openDevice } from "../runtime/node/devices/open-device.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Benchmark } from "./benchmark.ts";
import type { Comparison } from "./comparison.ts";
import { takeIdleDriver } from "./idle-driver.ts";
import { type ProfiledShapes, type ProfileEvent, profileSteps } from "./profile.ts";

const BATCH = 2;
const SIZE = 32;

/** What one step costs besides arithmetic. */
interface StepCost {
  /** Programs that the device started. */
  readonly launches: number;
  /** Bytes that operators read and wrote. */
  readonly bytes: number;
}

/** Operators that start no program: their result is their input under another shape. */
const free: ReadonlySet<string> = new Set(["Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"]);
const widths: Readonly<Record<string, number>> = { float: 4, int32: 4, uint32: 4, int64: 8, bool: 4, float16: 2 };

function bytesOf(tensors: ProfiledShapes = []): number {
  return tensors
    .flatMap((tensor) => Object.entries(tensor))
    .reduce((sum, [type, shape]) => sum + widths[type] * shape.reduce((size, extent) => size * extent, 1), 0);
}

/** On WebGPU, the profile has an event for each program ("Api"), and one for each operator with what it takes and gives. */
function countCost(events: readonly ProfileEvent[]): StepCost {
  const operators = events.filter(({ cat, args }) => cat === "Node" && args?.op_name !== undefined);
  return {
    launches: events.filter(({ cat }) => cat === "Api").length,
    bytes: operators
      .filter(({ args }) => !free.has(args!.op_name!))
      .reduce((sum, { args }) => sum + bytesOf(args!.input_type_shape) + bytesOf(args!.output_type_shape), 0),
  };
}

/** A network, and the decay of its moving averages if it has some. */
interface LaunchCase {
  readonly name: string;
  readonly model: string;
  readonly average?: number;
}

/** Each count is told as soon as it is known; the largest comes last. */
const cases: readonly LaunchCase[] = [
  { name: "resnet20", model: "resnet20" },
  { name: "resnet20 --ema", model: "resnet20", average: 0.99 },
  { name: "resnet50", model: "resnet50" },
];

async function profileStep(
  runtime: Runtime,
  { model, average }: LaunchCase,
  choices: PortableChoices,
): Promise<StepCost> {
  const lowering = createPortableLowering(choices);
  return countCost(await profileSteps({ runtime, lowering, model, average, batch: BATCH, size: SIZE, steps: 1 }));
}

const compare = (name: string, unit: string, ours: number, peer: number): Comparison => ({
  name,
  unit,
  ours,
  peer,
  peerName: "written out",
  ratio: peer / ours,
  spread: 0,
});

/** Programs started and bytes moved by a step on WebGPU, beside the same step without what writes it in fewer operators. */
export const launchesBenchmark: Benchmark = {
  name: "launches",
  against: "ourselves",
  run: async ({ say }) => {
    const folder = await mkdtemp(join(tmpdir(), "residua-idle-driver-"));
    const reason = takeIdleDriver(folder);
    if (reason !== undefined) say(`launches: ${reason}, so that each step is computed`);
    // The library is in use from then on, so that its file may go.
    const { runtime } = await openDevice("webgpu").finally(() => rm(folder, { recursive: true, force: true }));
    const few = portableChoices.webgpu;
    const many: PortableChoices = {
      ...few,
      sums: "as-is",
      updates: "apart",
      batchNorm: "shifted",
      batchNormGradient: "add",
    };
    const rows: Comparison[] = [];
    for (const test of cases) {
      const { name } = test;
      const count = async (how: string, choices: PortableChoices): Promise<StepCost> => {
        say(`launches: ${name}, ${how}`);
        const cost = await profileStep(runtime, test, choices);
        say(`launches: ${name}, ${how}: ${cost.launches} programs, ${(cost.bytes / 1e6).toFixed(1)} MB`);
        return cost;
      };
      const ours = await count("ours", few);
      const before = await count("written out", many);
      rows.push(
        compare(`${name} launches`, "per step", ours.launches, before.launches),
        compare(`${name} bytes moved`, "MB per step", ours.bytes / 1e6, before.bytes / 1e6),
      );
    }
    return rows;
  },
};
