import { EnvironmentError, errorMessage } from "../../tensor/errors.ts";
import type { OrtModule } from "../onnxruntime-module.ts";
import { withFasterLoops } from "./faster-loops.ts";

const given = new WeakMap<OrtModule, Promise<void>>();

async function fetchBinary(address: string): Promise<Uint8Array<ArrayBuffer>> {
  const refuse = (what: string): never => {
    throw new EnvironmentError(address, `${what}; must be ONNX Runtime's .wasm file`);
  };
  const fail = (error: unknown): never => refuse(`cannot be fetched (${errorMessage(error)})`);
  const response = await fetch(address).catch(fail);
  if (!response.ok) refuse(`answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer().catch(fail));
}

/**
 * Gives ONNX Runtime its WebAssembly, with faster loops. The first address counts; one given after the module's first
 * session has no effect.
 * @throws {EnvironmentError} if the address does not answer
 * @throws {FormatError} if the response is not WebAssembly
 */
export function giveBinary(ort: OrtModule, address: string): Promise<void> {
  const giving = given.get(ort) ?? give(ort, address);
  given.set(ort, giving);
  return giving;
}

async function give(ort: OrtModule, address: string): Promise<void> {
  try {
    const binary = await withFasterLoops(await fetchBinary(address), address);
    ort.env.wasm.wasmBinary = binary.buffer;
  } catch (error) {
    given.delete(ort);
    throw error;
  }
}
