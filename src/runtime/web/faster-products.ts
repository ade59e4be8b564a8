import { type Code, drop, f32x4, types, unsigned, v128 } from "./instructions.ts";
import { concatenate, END, MAGIC, type ModuleFunction, ModuleReader, readFunctions, sections, sized } from "./module.ts";
import { productKernel } from "./product-kernel.ts";

/** What is known of a function that computes the inner loops of matrix products. */
interface InnerLoops {
  /** Whether it computes C += alpha·A·B, or C = alpha·A·B. */
  readonly adds: boolean;
}

/**
 * By SHA-256: the two functions of this kind in onnxruntime-web 1.30.0, the same in all its builds.
 * Source: `MlasSgemmKernel` in ONNX Runtime's `onnxruntime/core/mlas/lib/wasm_simd/SgemmKernelWasmSimd.cpp`.
 */
const innerLoops: ReadonlyMap<string, InnerLoops> = new Map([
  ["f7728808b5f87253962b9f639f830459c0961fbc2cd2f8463534e97ae5a7e534", { adds: false }],
  ["9e72cc3a5fb5a445d440bf86c3de4b8bb338ee3773f763c730af6227034c8f08", { adds: true }],
]);

const { i32, f32 } = types;
const innerType = { parameters: [i32, i32, i32, i32, i32, i32, i32, i32, f32], results: [i32] };

/** SHA-256 in hexadecimal digits. Insecure pages cannot compute it; nothing is known there. */
async function fingerprint(bytes: Uint8Array): Promise<string> {
  const { subtle } = crypto as { readonly subtle?: SubtleCrypto };
  if (subtle === undefined) return "";
  const digest = new Uint8Array(await subtle.digest("SHA-256", new Uint8Array(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const same = (one: Code, other: Code): boolean => one.join() === other.join();

/** Whether WebAssembly has relaxed SIMD here: where it has not, a module that uses it is refused. */
export function hasRelaxedSimd(): boolean {
  const body = [0, ...v128.zero, ...v128.zero, ...v128.zero, ...f32x4.relaxedMadd, ...drop, END];
  const module = [
    MAGIC,
    ...sized(sections.type, [[1, 0x60, 0, 0]]),
    ...sized(sections.function, [[1, 0]]),
    ...sized(sections.code, [[1, ...unsigned(body.length)], body]),
  ];
  return WebAssembly.validate(concatenate(module));
}

/** The function with the kernel in front of what it has. */
function withKernel({ index, body }: ModuleFunction, { adds }: InnerLoops, fused: boolean): Code {
  const reader = new ModuleReader(body);
  const counts = reader.list(() => {
    const count = reader.unsigned();
    reader.byte();
    return count;
  });
  const declared = body.subarray(unsigned(counts.length).length, reader.at);
  const kernel = productKernel({ self: index, locals: counts.reduce((sum, count) => sum + count, 0), adds, fused });
  return [
    ...unsigned(counts.length + kernel.declarationCount),
    ...declared,
    ...kernel.declarations,
    ...kernel.code,
    ...body.subarray(reader.at),
  ];
}

/**
 * ONNX Runtime's WebAssembly with faster inner loops for matrix products and convolutions. Its own loops hold more vectors at a time
 * than a processor has registers for, and browsers move the rest to memory and back; these hold fewer, and multiply and add in one
 * instruction where the browser can (`fused`). A build with other loops than those known is returned as it is.
 * @throws {FormatError} if the binary is no WebAssembly module
 */
export async function withFasterProducts(
  binary: Uint8Array<ArrayBuffer>,
  { fused = hasRelaxedSimd() }: { readonly fused?: boolean } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { functions, replace } = readFunctions(binary);
  const candidates = functions.filter(
    ({ type }) => same(type.parameters, innerType.parameters) && same(type.results, innerType.results),
  );
  const bodies = new Map<number, Code>();
  for (const candidate of candidates) {
    const known = innerLoops.get(await fingerprint(candidate.body));
    if (known !== undefined) bodies.set(candidate.index, withKernel(candidate, known, fused));
  }
  return bodies.size === 0 ? binary : replace(bodies);
}
