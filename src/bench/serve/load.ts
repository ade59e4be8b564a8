import { fileURLToPath } from "node:url";
import { quantile } from "simple-statistics";
import { startLineProcess } from "../contender.ts";

/** What a generator of load is told to send. */
export interface LoadOrder {
  readonly port: number;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A file that holds the body. */
  readonly body?: string;
  /** Each sends when the request before was answered, unless a rate is given. */
  readonly connections: number;
  readonly until: { readonly requests: number } | { readonly seconds: number };
  /** Requests that are due per second, evenly, however the server answers; needs a time. */
  readonly perSecond?: number;
}

/** How a server answered. */
export interface LoadReport {
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** Milliseconds of each request that was answered 200. */
  readonly answered: readonly number[];
  /** Of each that was answered 503. */
  readonly refused: readonly number[];
  /** Any other status. */
  readonly others: readonly number[];
  /** Answers 503 that did not say when to try again. */
  readonly unsaid: number;
  /** Of the generator. */
  readonly processorSeconds: number;
}

/** A process of its own that sends requests. */
export interface LoadGenerator {
  readonly send: (order: LoadOrder) => Promise<LoadReport>;
  readonly stop: () => Promise<void>;
}

/** Starts a generator of load. */
export function startLoadGenerator(): LoadGenerator {
  const script = fileURLToPath(new URL("./load-contender.js", import.meta.url));
  const { ask, stop } = startLineProcess("load", process.execPath, [script], process.env);
  return { send: async (order) => JSON.parse(await ask(JSON.stringify(order))) as LoadReport, stop };
}

/** A quantile of latencies. */
export const latency = (milliseconds: readonly number[], level: number): number =>
  milliseconds.length === 0 ? Number.NaN : quantile([...milliseconds], level);
