import { joinBytes } from "../../tensor/bytes.ts";
import { columnKernel } from "./column-kernel.ts";
import { type Code, drop, END, f32x4, join, unsigned, v128 } from "./instructions.ts";
import type { Kernel, KernelPlace } from "./kernel.ts";
import {
  MAGIC,
  type ModuleFunction,
  type ModuleFunctions,
  ModuleReader,
  readFunctions,
  sections,
  sized,
} from "./module.ts";
import { productKernel } from "./product-kernel.ts";

/** A function of ONNX Runtime whose work a kernel does faster. */
interface KnownFunction {
  /** Size of its body in bytes, and its SHA-256. */
  readonly length: number;
  readonly sha256: string;
  readonly kernel: (place: KernelPlace) => Kernel;
}

/**
 * The functions of onnxruntime-web 1.30.0, the same in all its builds. Source: ONNX Runtime,
 * `onnxruntime/core/mlas/lib`: `MlasSgemmKernel` without and with accumulation, in `wasm_simd/SgemmKernelWasmSimd.cpp`,
 * `MlasConvIm2Col` in `convolve.cpp`.
 */
const knownFunctions: readonly KnownFunction[] = [
  {
    length: 2040,
    sha256: "f7728808b5f87253962b9f639f830459c0961fbc2cd2f8463534e97ae5a7e534",
    kernel: (place) => productKernel(place, { adds: false }),
  },
  {
    length: 1922,
    sha256: "9e72cc3a5fb5a445d440bf86c3de4b8bb338ee3773f763c730af6227034c8f08",
    kernel: (place) => productKernel(place, { adds: true }),
  },
  {
    length: 1632,
    sha256: "181e897d71437515ae2ddfa0c23c612b89343509415c50f1afc5fabd70b35082",
    kernel: columnKernel,
  },
];

/** SHA-256 in hexadecimal digits. Insecure pages cannot compute it; no function is recognised there. */
async function fingerprint(bytes: Uint8Array): Promise<string> {
  const { subtle } = crypto as { readonly subtle?: SubtleCrypto };
  if (subtle === undefined) return "";
  const digest = new Uint8Array(await subtle.digest("SHA-256", new Uint8Array(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function findKnown({ body }: ModuleFunction): Promise<KnownFunction | undefined> {
  const known = knownFunctions.filter(({ length }) => length === body.length);
  if (known.length === 0) return undefined;
  const sha256 = await fingerprint(body);
  return known.find((each) => each.sha256 === sha256);
}

/** Whether WebAssembly has relaxed SIMD here: if not, a module that uses it is refused. */
export function hasRelaxedSimd(): boolean {
  const body = [0, ...v128.zero, ...v128.zero, ...v128.zero, ...f32x4.relaxedMadd, ...drop, END];
  const module = [
    MAGIC,
    ...sized(sections.type, [[1, 0x60, 0, 0]]),
    ...sized(sections.function, [[1, 0]]),
    ...sized(sections.code, [[1, ...unsigned(body.length)], body]),
  ];
  return WebAssembly.validate(joinBytes(module));
}

/** The function with a kernel in front of its body. */
function withKernel({ index, type, body }: ModuleFunction, { kernel }: KnownFunction, fused: boolean): Code {
  const reader = new ModuleReader(body, `function ${index}`);
  const groups = reader.list(() => {
    const count = reader.unsigned();
    return { count, kind: reader.byte() };
  });
  const declared = groups.reduce((total, { count }) => total + count, 0);
  const { locals, code } = kernel({ self: index, firstLocal: type.parameters.length + declared, fused });
  return join(
    unsigned(groups.length + locals.length),
    ...groups.map(({ count, kind }) => [...unsigned(count), kind]),
    ...locals,
    code,
    Array.from(body.subarray(reader.at)),
  );
}

/** The functions of a module, or undefined if it is of a newer kind. @throws {FormatError} if it is not a module */
function tryRead(binary: Uint8Array<ArrayBuffer>, where: string): ModuleFunctions | undefined {
  try {
    return readFunctions(binary, where);
  } catch (error) {
    if (WebAssembly.validate(binary)) return undefined;
    throw error;
  }
}

/**
 * ONNX Runtime's WebAssembly with faster inner loops for matrix products and convolutions. Its own loops for products
 * hold more vectors at a time than an x64 processor has registers for, and browsers spill the rest to memory; these
 * hold fewer, and multiply and add in one instruction if the browser can (`fused`). How a number is rounded then
 * depends on its row and column. A build with unknown loops is returned unchanged. `where` names the file in errors.
 * @throws {FormatError} if the binary is not a WebAssembly module
 */
export async function withFasterLoops(
  binary: Uint8Array<ArrayBuffer>,
  where: string,
  { fused = hasRelaxedSimd() }: { readonly fused?: boolean } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const module = tryRead(binary, where);
  if (module === undefined) return binary;
  const { functions, replace } = module;
  const bodies = new Map<number, Code>();
  for (const each of functions) {
    const known = await findKnown(each);
    if (known !== undefined) bodies.set(each.index, withKernel(each, known, fused));
  }
  return bodies.size === 0 ? binary : replace(bodies);
}
