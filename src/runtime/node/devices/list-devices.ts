import { runInChild } from "../../../jobs/node/child-process.ts";
import { ResiduaError } from "../../../tensor/errors.ts";
import { createNodeRuntime } from "../../node.ts";
import { probeBlockSize } from "../../probe.ts";
import { defaultThreads } from "../default-threads.ts";
import { deviceJob } from "./job.ts";

/** What is known of a device. */
export interface DeviceState {
  readonly device: "cpu" | "webgpu" | "cuda";
  readonly isUsable: boolean;
  /** What drives it: a library, Metal, Direct3D 12. */
  readonly driver?: string;
  /** The processor's: threads that compute by default, and channels per block of the blocked kernels, if it has them. */
  readonly threads?: number;
  readonly blockSize?: number;
  /** What is missing, and what to do. */
  readonly problem?: string;
}

async function checkDevice(device: "webgpu" | "cuda"): Promise<DeviceState> {
  try {
    return { device, isUsable: true, ...(await runInChild(deviceJob, device).result) };
  } catch (error) {
    if (error instanceof ResiduaError) return { device, isUsable: false, problem: error.detail };
    throw error;
  }
}

/** Opens every kind of device and tells what it found. */
export async function listDevices(): Promise<readonly DeviceState[]> {
  const runtime = createNodeRuntime();
  const blockSize = await probeBlockSize(runtime);
  return [
    { device: "cpu", isUsable: true, threads: defaultThreads(), ...(blockSize === undefined ? {} : { blockSize }) },
    await checkDevice("webgpu"),
    await checkDevice("cuda"),
  ];
}
