import { EnvironmentError } from "../../../tensor/errors.ts";
import { backendOf, type Device } from "../../device.ts";

/** The files that ONNX Runtime's CUDA backend consists of, beside its own library. */
const cudaFiles: readonly string[] = [
  "libonnxruntime_providers_cuda.so",
  "libonnxruntime_providers_shared.so",
  "libonnxruntime_providers_tensorrt.so",
];

/** What to do about a device that cannot be had. */
const remedies: Readonly<Record<"webgpu" | "cuda", string>> = {
  webgpu:
    process.platform === "linux"
      ? "install libvulkan1 and the Vulkan driver of the graphics processor; without one, a software driver (Mesa 25 or newer) works"
      : "update the driver of the graphics processor",
  cuda:
    process.platform === "linux" && process.arch === "x64"
      ? `it needs ${cudaFiles.join(", ")} (ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node fetches them), CUDA 12 and cuDNN 9`
      : "ONNX Runtime has it for Linux on x64 only; take webgpu",
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Why no session could be created on a device, and what to do. @returns undefined if the device is not the reason */
export function explainDevice(device: Device, error: unknown): EnvironmentError | undefined {
  const reason = messageOf(error);
  const backend = backendOf(device);
  if (backend === "webgpu" && /WebGPU (adapter|device)|No supported adapters/i.test(reason))
    return new EnvironmentError("device", `webgpu finds no graphics processor; ${remedies.webgpu}`, { cause: error });
  if (backend === "cuda" && /_Cuda\b|CUDA|cudnn|cublas|shared library/i.test(reason))
    return new EnvironmentError("device", `${device} cannot be had; ${remedies.cuda}`, { cause: error });
  return undefined;
}
