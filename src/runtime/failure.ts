import { ResiduaError } from "../tensor/errors.ts";

/** What to do about ONNX Runtime errors that say too little by themselves. */
const advice: readonly (readonly [RegExp, string])[] = [
  [
    /protobuf parsing failed|model data pointer is null|no graph was found/i,
    "this is not an ONNX model, or not a complete one",
  ],
  [/could not find an implementation/i, "lower the graph for this runtime, or use another element type there"],
  [/no op registered|is not a registered function\/op/i, "lower the graph for this runtime before it is encoded"],
  [
    /backend not found|failed to load shared library/i,
    'name execution providers that are installed here; "cpu" and, in browsers, "wasm" always are',
  ],
  [/LinkError/, "the .wasm file belongs to another build; give the one that belongs to the module"],
  [/bad_alloc|failed to allocate|out of memory|out of bounds|^exception \d+$/i, "memory ran out; use a smaller batch"],
];

/** Source files with line numbers, as ONNX Runtime puts them into its messages. */
const SOURCE_PLACES = /\S*[\\/]\S+\.(?:cc|cpp|h):\d+\s*/g;

/**
 * ONNX Runtime's exception as one line: its reason without error codes and source positions, and what to do if that is
 * known. The exception is the cause.
 */
export function explainFailure(where: string, error: unknown): ResiduaError {
  const reason = reasonOf(error);
  const hint = advice.find(([pattern]) => pattern.test(reason))?.[1];
  const detail = hint === undefined ? reason : `${reason.replace(/[.\s]+$/, "")}; ${hint}`;
  return new ResiduaError(where, `ONNX Runtime refused: ${detail}`, { cause: error });
}

function reasonOf(error: unknown): string {
  // WebAssembly throws the bare address of a C++ exception if it has no message.
  if (typeof error === "number") return `exception ${error}`;
  const text = error instanceof Error ? error.message : String(error);
  return text
    .replaceAll(SOURCE_PLACES, "")
    .replace(/^[\s\S]*?ERROR_MESSAGE:\s*"?/, "")
    .trim()
    .split("\n")[0]
    .trim();
}
