import { createBlockedLowering } from "../compile/blocked/lowering.ts";
import type { Lowering, LoweringChoice, Precision } from "../compile/lowering.ts";
import { portableChoices } from "../compile/portable/choices.ts";
import { createPortableLowering, portable } from "../compile/portable/lowering.ts";
import { createModel } from "../nn/models.ts";
import { sgd } from "../optim/sgd.ts";
import { probeBlockSize } from "../runtime/probe.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { OptionError } from "../tensor/errors.ts";
import { randomStream } from "../tensor/random.ts";
import { float32, int64 } from "../tensor/tensor.ts";
import type { LabeledBatch } from "./batch.ts";
import { createTrainer, type TrainingState } from "./trainer.ts";

/** A lowering, with its name in checkpoints and reports: "blocked 16", "portable". */
export interface ChosenLowering {
  readonly lowering: Lowering;
  readonly name: string;
  /** Why it is not the fastest, if so. */
  readonly reason?: string;
}

/** How graphs are written in portable operators for the runtime's device: each has choices that suit it. */
export function portableOn({ device }: Pick<Runtime, "device">): Lowering {
  if (device === "cpu" || device === "wasm") return portable;
  return createPortableLowering(
    device === "webgpu" ? portableChoices.webgpu : { ...portableChoices.standard, float16: "kernels" },
  );
}

/** Far above the error of summing float32 in another order, far below that of a wrong kernel. */
const TOLERANCE = 1e-3;

/**
 * Chooses how training graphs are lowered for a runtime. Graphics processors take `portable` with the choices that suit them: the
 * blocked operators exist on the processor only, so every tensor would go to and fro. There, `blocked` is trusted only after one step of a small network
 * agrees with `portable`: its operators are internal to ONNX Runtime and could change.
 *
 * @param precision that of the recipe; mixed precision is portable
 * @throws {OptionError} if `blocked` is requested but not available
 */
export async function chooseLowering(
  runtime: Runtime,
  choice: LoweringChoice,
  precision: Precision = "float32",
): Promise<ChosenLowering> {
  const asPortable = (reason?: string): ChosenLowering => ({
    lowering: portableOn(runtime),
    name: "portable",
    ...(reason === undefined ? {} : { reason }),
  });
  const { device } = runtime;
  if (device !== "cpu" && device !== "wasm") {
    if (choice === "blocked")
      throw new OptionError("lowering", `"blocked" runs on the processor, not on ${device}; use "portable" or "auto"`);
    return asPortable();
  }
  if (precision === "mixed" && choice === "blocked")
    throw new OptionError("precision", '"mixed" needs the portable lowering, got "blocked"');
  if (choice === "portable" || precision === "mixed") return asPortable();
  const block = await probeBlockSize(runtime);
  const blocked = block === undefined ? undefined : createBlockedLowering(block);
  const reason =
    blocked === undefined
      ? "ONNX Runtime has no blocked kernels on this machine"
      : await findDisagreement(runtime, blocked);
  if (blocked !== undefined && reason === undefined) return { lowering: blocked, name: `blocked ${block}` };
  if (choice === "blocked")
    throw new OptionError("lowering", `"blocked" cannot be had: ${reason}; use "portable" or "auto"`);
  return asPortable(reason);
}

/** One step of a small network, both ways. @returns what is wrong, if anything */
async function findDisagreement(runtime: Runtime, blocked: Lowering): Promise<string | undefined> {
  try {
    const [expected, actual] = [await stateAfterStep(runtime, portable), await stateAfterStep(runtime, blocked)];
    for (const [name, { data }] of expected) {
      const other = actual.get(name)!.data;
      const scale = data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3);
      const wrong = data.findIndex((value, index) => !(Math.abs(value - other[index]) <= TOLERANCE * scale));
      if (wrong >= 0)
        return `the blocked lowering gives ${other[wrong]} for ${name}[${wrong}], portable ${data[wrong]}`;
    }
    return undefined;
  } catch (error) {
    return `the blocked lowering failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function stateAfterStep(runtime: Runtime, lowering: Lowering): Promise<TrainingState> {
  const { module } = createModel("resnet8");
  const imageShape = [3, 9, 9];
  const trainer = await createTrainer({ runtime, module, imageShape, batch: 3, optimizer: sgd(), lowering, seed: 1 });
  try {
    const stream = randomStream(1, "lowering check");
    const images = float32(
      [3, ...imageShape],
      Float32Array.from({ length: 3 * 3 * 81 }, () => stream.normal()),
    );
    const batch: LabeledBatch = { images, labels: int64([3], [0, 3, 9]) };
    await trainer.step(batch, 0.01);
    return await trainer.state();
  } finally {
    await trainer.release();
  }
}
