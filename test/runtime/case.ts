import type { Lowering } from "../../src/compile/lowering.ts";
import type { Runtime, Session, SessionOptions } from "../../src/runtime/runtime.ts";

/** What a case may use. */
export interface RuntimeContext {
  readonly runtime: Runtime;
  /** Loads a model with the options under test; it is released after the case, whatever happens. */
  readonly load: (model: Uint8Array, options?: SessionOptions) => Promise<Session>;
  /** How training graphs are lowered for this place. */
  readonly lowering: Lowering;
  /** Reads a file of test/golden. */
  readonly readGolden: (name: string) => Promise<Uint8Array>;
}

/** Where the cases run: what the suite cannot know by itself. */
export interface RuntimePlace extends Pick<RuntimeContext, "lowering" | "readGolden"> {
  /** Options that every model is loaded with, such as the execution provider under test. */
  readonly session?: SessionOptions;
}

/** Something that is true of every runtime. */
export interface RuntimeCase {
  /** A sentence that can be false. */
  readonly name: string;
  readonly check: (context: RuntimeContext) => Promise<void>;
}
