import type * as v from "valibot";
import { checkPlainData } from "../../files/schema.ts";
import type { Running } from "../../jobs/job.ts";
import { OptionError } from "../../tensor/errors.ts";

/** A job under way for a page. */
export interface StartedJob<Result = unknown> extends Pick<Running<unknown, Result>, "result" | "stop"> {
  /** Ends it at once. @param why what is wrong with it; it was asked for if left out */
  readonly kill: (why?: Error) => void;
  /** What is still to be written once it has ended, if anything; never rejects. */
  readonly written?: Promise<void>;
}

/** What is kept of a job that goes on without a page, for those who come back to it. */
export interface JobMemory<Event = unknown, Recalled = unknown> {
  readonly hear: (event: Event) => void;
  /** What a page is told that has heard nothing yet. */
  readonly recall: () => readonly Recalled[];
  /** What a list says of the job. */
  readonly describe: () => unknown;
}

/** What a page may have computed. */
interface JobRow<Input, Event, Result> {
  /** Names it in its address and in errors. */
  readonly name: string;
  /** What its input must be. */
  readonly schema: v.GenericSchema<unknown, Input>;
  /** The most bytes of its input. */
  readonly bodyBytes: number;
  /** How many networks it trains at once, each in a process of its own. */
  readonly networks: (input: Input) => number;
  readonly start: (input: Input, onEvent: (event: Event) => void) => StartedJob<Result>;
  /** Makes it go on without its page; it ends with it if left out. */
  readonly remember?: (input: Input) => JobMemory<Event>;
}

/** A job whose input was checked. */
export interface CheckedJob {
  readonly networks: number;
  readonly start: (onEvent: (event: unknown) => void) => StartedJob;
  readonly memory?: JobMemory;
}

/** A row of the jobs that a server offers, whatever it takes and gives. */
export interface ServedJob extends Pick<JobRow<unknown, unknown, unknown>, "name" | "bodyBytes"> {
  /** @throws {OptionError} naming what of the input is not as it must be */
  readonly check: (input: unknown) => CheckedJob;
}

/** Makes a row of a job. */
export function serveJob<Input, Event, Result>(row: JobRow<Input, Event, Result>): ServedJob {
  const { name, bodyBytes, schema, networks, start, remember } = row;
  const check = (given: unknown): CheckedJob => {
    const input = checkPlainData(
      schema,
      given,
      ({ path, detail }) => new OptionError(path === "" ? name : `${name}.${path}`, detail),
    );
    return {
      networks: networks(input),
      start: (onEvent) => start(input, onEvent),
      ...(remember === undefined ? {} : { memory: remember(input) as JobMemory }),
    };
  };
  return { name, bodyBytes, check };
}
