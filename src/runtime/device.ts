import { OptionError } from "../tensor/errors.ts";

/**
 * Where Node computes: on the processor, on any graphics processor through WebGPU, or on one of NVIDIA's through CUDA, counted
 * from 0.
 */
export type Device = "cpu" | "webgpu" | "cuda" | `cuda:${number}`;

/** How devices are written, for messages. */
export const deviceForms = "cpu, webgpu, cuda or cuda:N";

/** Whether something is the name of a device. */
export function isDevice(value: unknown): value is Device {
  return typeof value === "string" && /^(cpu|webgpu|cuda(:(0|[1-9]\d{0,3}))?)$/.test(value);
}

/** Reads a device. @throws {OptionError} if it is none */
export function parseDevice(text: string): Device {
  if (isDevice(text)) return text;
  throw new OptionError("device", `must be ${deviceForms}, N counting from 0, got "${text}"`);
}

/** The kind of backend that computes on a device. */
export function backendOf(device: Device): "cpu" | "webgpu" | "cuda" {
  return device === "cpu" || device === "webgpu" ? device : "cuda";
}
