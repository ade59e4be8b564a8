import type { Device } from "./device.ts";
import type { SessionOptions } from "./runtime.ts";

/** Where a job computes, and how its sessions do. */
export interface ComputePlace {
  /** The processor if left out. */
  readonly device?: Device;
  readonly session: SessionOptions;
}
