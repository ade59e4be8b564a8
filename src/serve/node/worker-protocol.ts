import type { Device } from "../../runtime/device.ts";
import type { ModelSignature } from "../protocol/signature.ts";
import type { Work } from "./work.ts";

/** A model as a worker loads it. */
export interface ModelToLoad {
  /** The name under which requests ask for it: name and version. */
  readonly key: string;
  /** The file's name, which says its form, and for errors. */
  readonly path: string;
  /** One file, or one for each part of a task. */
  readonly bytes: Uint8Array | Readonly<Record<string, Uint8Array>>;
  /** Whether files beside it may be read, too; not if only its own bytes are signed. */
  readonly mayReadBeside: boolean;
  readonly threads: number;
  /** Where it computes; the processor if left out. */
  readonly device?: Device;
  /** Measures how long runs of several batch sizes take. */
  readonly measure: boolean;
  /** Samples that a run may take. */
  readonly maxBatch: number;
}

/** What a worker found out about a model. */
export interface LoadedModel {
  readonly signature: ModelSignature;
  /** Milliseconds of a run by its batch size; empty if it was not measured. */
  readonly measured: readonly (readonly [batch: number, milliseconds: number])[];
}

/** What the gate asks of a worker. */
export type WorkerOrder =
  | { readonly kind: "load"; readonly id: number; readonly model: ModelToLoad }
  | { readonly kind: "unload"; readonly id: number; readonly key: string }
  | { readonly kind: "run"; readonly id: number; readonly key: string; readonly batch: readonly Work[] };

/** An error as it crosses the way between processes. */
export interface PlainError {
  readonly status: number;
  readonly where: string;
  readonly detail: string;
}

/** An outcome as it crosses it. */
export type PlainOutcome = { readonly value: unknown } | { readonly error: PlainError };

/** What a worker answers. */
export type WorkerAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "loaded"; readonly id: number; readonly loaded: LoadedModel }
  | { readonly kind: "unloaded"; readonly id: number }
  | {
      readonly kind: "ran";
      readonly id: number;
      readonly outcomes: readonly PlainOutcome[];
      readonly milliseconds: number;
    }
  | { readonly kind: "failed"; readonly id: number; readonly error: PlainError };
