import type { Runtime, Session, SessionOptions } from "../../src/runtime/runtime.ts";

/** What a case may use. */
export interface RuntimeContext {
  readonly runtime: Runtime;
  /** Loads a model with the options under test; it is released after the case, whatever happens. */
  readonly load: (model: Uint8Array, options?: SessionOptions) => Promise<Session>;
}

/** Something that is true of every runtime. */
export interface RuntimeCase {
  /** A sentence that can be false. */
  readonly name: string;
  readonly check: (context: RuntimeContext) => Promise<void>;
}
