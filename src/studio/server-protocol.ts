import type { Answer } from "../jobs/remote.ts";

/** What the server computes with. */
export interface ServerFacts {
  /** Threads that its processor runs at a time. */
  readonly threads: number;
}

/** A folder of images that was named on the server's command line. */
export interface OfferedFolder {
  readonly name: string;
  /** Of its files, the folder's name before them. */
  readonly paths: readonly string[];
}

/** A job that goes on, or has ended, without a page. */
export interface OngoingJob<Facts = unknown> {
  readonly id: string;
  readonly isOver: boolean;
  readonly facts: Facts;
}

/** What the server answers to a job, one message after another; the id is the first of them, unless it was refused. */
export type EngineAnswer<Event = unknown, Result = unknown> =
  | { readonly kind: "started"; readonly id: string }
  | Answer<Event, Result>;
