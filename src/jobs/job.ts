/**
 * A job: input → events → result, or an error; it may be stopped. What runs it is a host: `runInline` in the calling thread,
 * `runInChild` in a process (`jobs/node`), `runInWorker` in a browser's worker (`jobs/web`). All of them keep one contract,
 * that of {@link Running}, so that callers need not know where the work is done.
 */
export interface Job<Input, Event, Result> {
  /** Names the job in errors, such as "training". */
  readonly name: string;
  readonly run: (input: Input, context: JobContext<Event>) => Promise<Result>;
}

/** What a job may use while it runs. */
export interface JobContext<Event> {
  readonly report: (event: Event) => void;
  /** Lets messages in, then returns whether a stop was requested; await it between steps. */
  readonly shouldStop: () => Promise<boolean>;
}

/**
 * A job as one row of data, for hosts that run it elsewhere: its name, and the module that serves it. Input, events and
 * result must survive structured cloning.
 *
 * @typeParam Worker how the host starts that module: its URL, or a function that opens a browser's worker
 */
export interface RemoteJob<Worker, Input, Event, Result> {
  readonly name: string;
  readonly worker: Worker;
  /** Never there: ties the row to the types of what it takes and gives. */
  readonly types?: (input: Input) => readonly [Event, Result];
}

/** Options that every host accepts. */
export interface RunOptions<Event> {
  /**
   * Hears every event in order, as it arrives. If it throws, the job is killed and its result rejects with what was
   * thrown. The events then cannot be iterated over.
   */
  readonly onEvent?: (event: Event) => void;
}

/**
 * A job under way. Without `onEvent` its events are iterated over, once:
 *
 *     const running = runInChild(trainingJob, input);
 *     for await (const event of running) show(event);
 *     const result = await running.result;
 *
 * Events wait until they are read, at most {@link keptEvents} of them; a reader that falls further behind is told so by an
 * error, never served with gaps. The loop ends when the job does, however it ends; `result` says how. Leaving the loop early
 * drops the events to come and lets the job go on.
 */
export interface Running<Event, Result> extends AsyncIterable<Event> {
  /** Rejects with the error of the job, of the same class as in the job, or with why the host lost it. */
  readonly result: Promise<Result>;
  /** Asks the job to end after its current step; the result then tells how far it got. */
  readonly stop: () => void;
  /** Ends the job at once and rejects the result. Completed writes stay; a write in progress is lost. */
  readonly kill: () => void;
}

/** How many events are buffered for a reader. */
export const keptEvents = 16_384;

/** Starts a job somewhere. Hosts for remote jobs take a {@link RemoteJob} in its place. */
export type Host = <Input, Event, Result>(
  job: Job<Input, Event, Result>,
  input: NoInfer<Input>,
  options?: RunOptions<NoInfer<Event>>,
) => Running<Event, Result>;

/** What the worker of a row has to serve. */
export type RunOf<Row> =
  Row extends RemoteJob<unknown, infer Input, infer Event, infer Result> ? Job<Input, Event, Result>["run"] : never;
