import { EnvironmentError, errorMessage } from "../../tensor/errors.ts";
import type { OrtModule } from "../onnxruntime-module.ts";
import { withFasterLoops } from "./faster-loops.ts";

const given = new WeakMap<OrtModule, Promise<void>>();

async function fetchBinary(address: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(address).catch((error: unknown) => {
    throw new EnvironmentError(
      address,
      `cannot be fetched (${errorMessage(error)}); must be ONNX Runtime's .wasm file`,
    );
  });
  if (!response.ok) {
    throw new EnvironmentError(address, `was answered with ${response.status}; must be ONNX Runtime's .wasm file`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Gives ONNX Runtime its WebAssembly, with faster loops, before its first session; later calls change nothing.
 * @throws {EnvironmentError} if the address does not answer
 * @throws {FormatError} if what it answers is no WebAssembly
 */
export function giveBinary(ort: OrtModule, address: string): Promise<void> {
  const giving = given.get(ort) ?? give(ort, address);
  given.set(ort, giving);
  return giving;
}

async function give(ort: OrtModule, address: string): Promise<void> {
  try {
    const binary = await withFasterLoops(await fetchBinary(address));
    ort.env.wasm.wasmBinary = binary.buffer;
  } catch (error) {
    given.delete(ort);
    throw error;
  }
}
