import { EnvironmentError } from "../tensor/errors.ts";

/** Thrown when a device can no longer be used: nothing that it held can be read. */
export class DeviceLostError extends EnvironmentError {
  override readonly name: string = "DeviceLostError";
  readonly device: string;

  /** @param remedy what to do */
  constructor(device: string, remedy: string, options?: { cause?: unknown }) {
    super("device", `${device} was lost: its driver was reset, or it was removed; ${remedy}`, options);
    this.device = device;
  }
}

/** What backends say when the device is gone: Dawn, and CUDA. */
const lost: Readonly<Record<"webgpu" | "cuda", RegExp>> = {
  webgpu: /\[Device\] is lost|VK_ERROR_DEVICE_LOST/,
  cuda: /CUDA (?:failure|error).*(?:unavailable|uncorrectable ECC|device is lost)/i,
};

/** What they say when there is no memory, or no buffer of the size. Dawn names neither: what was not allocated is "invalid". */
const tooLarge: Readonly<Record<"webgpu" | "cuda", RegExp>> = {
  webgpu: /invalid due to a previous error|failed to create GPU buffer|OUT_OF_DEVICE_MEMORY/i,
  cuda: /CUDA (?:failure|error).*out of memory|failed to allocate memory|available memory of/i,
};

/**
 * Why a device failed while it computed or while a model was loaded, and what to do.
 *
 * @param device "webgpu", "cuda" or "cuda:N"
 * @returns undefined if the device is not the reason
 */
export function explainDeviceFailure(device: string, error: unknown): EnvironmentError | undefined {
  const reason = error instanceof Error ? error.message : String(error);
  const backend = device === "webgpu" ? "webgpu" : "cuda";
  if (lost[backend].test(reason))
    return new DeviceLostError(device, "see the system's log, then start again", { cause: error });
  if (tooLarge[backend].test(reason))
    return new EnvironmentError(
      "device",
      `${device} ran out of memory; use a smaller batch, or end what else computes there`,
      { cause: error },
    );
  return undefined;
}
