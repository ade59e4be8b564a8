import type { LoweringChoice, Precision } from "../../compile/lowering.ts";
import type { ComputedOn } from "../../runtime/computed-on.ts";
import type { Device } from "../../runtime/device.ts";
import { computedOn, openDevice } from "../../runtime/node/devices/open-device.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Engine } from "../checkpoint.ts";
import { chooseLowering, type ChosenLowering } from "../lowering.ts";

/** What trains in this process. */
export interface OpenedEngine {
  readonly runtime: Runtime;
  readonly chosen: ChosenLowering;
  /** As runs and checkpoints record it. */
  readonly engine: Engine;
  /** Its device, as results say it. */
  readonly place: ComputedOn;
}

/**
 * Opens a device and chooses how training graphs are written for it.
 *
 * @throws {EnvironmentError} if the device cannot be had
 * @throws {OptionError} if the lowering or the precision is not to be had there
 */
export async function openEngine(
  { device, lowering }: { readonly device?: Device; readonly lowering: LoweringChoice },
  precision?: Precision,
): Promise<OpenedEngine> {
  const opened = await openDevice(device);
  const { runtime } = opened;
  const chosen = await chooseLowering(runtime, lowering, precision);
  const place = computedOn(opened);
  const engine: Engine = { lowering: chosen.name, runtime: `${runtime.name} ${runtime.version}`, ...place };
  return { runtime, chosen, engine, place };
}
