import { existsSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as v from "valibot";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TrainingState } from "../../train/trainer.ts";
import { makeFolder, writeFileAtomically } from "../../weights/node.ts";
import { decodeSafetensors, encodeSafetensorsChunks } from "../../weights/safetensors.ts";
import type { CurvePoint } from "../comparison.ts";

/** A run of a comparison that was interrupted: all it takes to go on exactly. */
export interface InterruptedRun {
  readonly state: ReadonlyMap<string, Tensor>;
  readonly curve: readonly CurvePoint[];
}

const FORMAT = "residua-compared-run";

const curveSchema = v.array(v.strictObject({ step: v.number(), loss: v.number(), firstLayerGradientNorm: v.number() }));

export async function keepInterrupted(path: string, state: TrainingState, curve: readonly CurvePoint[]): Promise<void> {
  await makeFolder(dirname(path));
  await writeFileAtomically(path, encodeSafetensorsChunks(state, { format: FORMAT, curve: JSON.stringify(curve) }));
}

/** What was kept; undefined where there is nothing, or nothing that can be used: then the run begins anew. */
export async function readInterrupted(path: string): Promise<InterruptedRun | undefined> {
  if (!existsSync(path)) return undefined;
  try {
    const { tensors, metadata } = decodeSafetensors(await readFile(path), path);
    const curve: unknown = JSON.parse(metadata["curve"] ?? "");
    if (metadata["format"] !== FORMAT || !v.is(curveSchema, curve)) return undefined;
    return curve.every(({ step }, index) => step === index + 1) ? { state: tensors, curve } : undefined;
  } catch {
    return undefined;
  }
}

export function forgetInterrupted(path: string): void {
  rmSync(path, { force: true });
}
