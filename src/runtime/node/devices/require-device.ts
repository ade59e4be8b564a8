import { runInChild } from "../../../jobs/node/child-process.ts";
import type { Device } from "../../device.ts";
import { deviceJob } from "./job.ts";

/**
 * Makes sure that a device can be had, before this process opens it: drivers print what they miss, and some end the process.
 *
 * @throws {EnvironmentError} naming what is missing and what to do
 */
export async function requireDevice(device: Device | undefined): Promise<void> {
  if (device !== undefined && device !== "cpu") await runInChild(deviceJob, device).result;
}
