import fc from "fast-check";
import { expect, test } from "vitest";
import type { RequestError } from "../protocol/request-error.ts";
import { createDeparture } from "./departure.ts";
import type { QueueLimits } from "./queue.ts";
import { chooseBatch } from "./model-runner.ts";
import { createScheduler, type Scheduler } from "./scheduler.ts";
import type { BatchOutcome, Lane, Request } from "./work.ts";

/** A clock that goes on when it is told to. */
function createClock() {
  let time = 0;
  let calls: { readonly at: number; readonly call: () => void }[] = [];
  return {
    now: () => time,
    later: (call: () => void, milliseconds: number) => void calls.push({ at: time + milliseconds, call }),
    /** Promises settle between the calls that are due. */
    advance: async (milliseconds: number): Promise<void> => {
      const end = time + milliseconds;
      for (;;) {
        await settled();
        const [next] = calls.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
        if (next === undefined) break;
        calls = calls.filter((each) => each !== next);
        time = Math.max(time, next.at);
        next.call();
      }
      time = end;
      await settled();
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

interface Run {
  readonly batch: readonly Request[];
  readonly end: (milliseconds?: number) => void;
  readonly lose: () => void;
}

/** A worker whose runs end when the test says so. */
function createLane(runs: Run[]): Lane {
  return {
    isReady: () => true,
    run: (_, batch) =>
      new Promise<BatchOutcome>((resolve, reject) => {
        const end = (milliseconds = 10): void =>
          resolve({ outcomes: batch.map(({ samples }) => ({ value: samples })), milliseconds });
        runs.push({ batch, end, lose: () => reject(new Error("worker was lost")) });
      }),
  };
}

const limits: QueueLimits = { requests: 100, bytes: 10_000, batch: 4, delay: 0 };

const requestOf = (change: Partial<Request> = {}): Request => ({
  work: { kind: "infer", inputs: {}, outputs: [] },
  samples: 1,
  bytes: 10,
  group: "a",
  priority: 1,
  deadline: Number.POSITIVE_INFINITY,
  ...change,
});

/** A scheduler of one model; a sample takes 20 ms, so that nothing is sent ahead. */
function start(lanes: number, { own = {}, perSample = 20 }: { own?: Partial<QueueLimits>; perSample?: number } = {}) {
  const clock = createClock();
  const scheduler = createScheduler(clock.now, clock.later);
  const runs: Run[] = [];
  scheduler.addModel("m", { ...limits, ...own }, perSample);
  for (let lane = 0; lane < lanes; lane++) scheduler.addLane(createLane(runs));
  return { clock, scheduler, runs };
}

const failureOf = (answer: Promise<unknown>): Promise<Partial<RequestError>> =>
  answer.then(
    () => {
      throw new Error("was answered");
    },
    (error: unknown) => error as RequestError,
  );

const sizesOf = (runs: readonly Run[]): readonly number[] => runs.map(({ batch }) => batch.length);

test("a free worker takes what is there; what comes meanwhile shares the next run, up to the batch", async () => {
  const { clock, scheduler, runs } = start(1, { own: { wait: 1000 } });
  const answers = [scheduler.submit("m", requestOf())];
  await clock.advance(1);
  for (let index = 0; index < 6; index++) answers.push(scheduler.submit("m", requestOf()));
  await clock.advance(1);
  expect(sizesOf(runs)).toEqual([1]);
  runs[0].end();
  await clock.advance(1);
  runs[1].end();
  await clock.advance(1);
  runs[2].end();
  await clock.advance(1);
  expect(sizesOf(runs)).toEqual([1, 4, 2]);
  expect((await Promise.all(answers)).map(({ timing }) => timing.batch)).toEqual([1, 4, 4, 4, 4, 2, 2]);
  expect(scheduler.figures("m")).toMatchObject({ waiting: 0, waitingBytes: 0, running: 0 });
});

test("free workers share what waits", async () => {
  const { clock, scheduler, runs } = start(2, { own: { batch: 8 } });
  for (let index = 0; index < 6; index++) void scheduler.submit("m", requestOf());
  await clock.advance(1);
  expect(sizesOf(runs)).toEqual([3, 3]);
});

test("but do not halve a batch that has been waited for", async () => {
  const { clock, scheduler, runs } = start(2, { own: { batch: 4, delay: 100 } });
  for (let index = 0; index < 8; index++) void scheduler.submit("m", requestOf());
  await clock.advance(1);
  expect(sizesOf(runs)).toEqual([4, 4]);
});

test("the batch is the smallest within 3 % of the best, with what an order costs beside its samples", () => {
  const measured = [
    [1, 0.7],
    [2, 1.08],
    [4, 2.16],
    [8, 4.32],
  ] as const;
  expect(chooseBatch(measured, 0)).toBe(2);
  expect(chooseBatch(measured, 0.3)).toBe(8);
  expect(chooseBatch([], 0.3)).toBe(1);
});

test("requests of another group, and those without one, run apart", async () => {
  const { clock, scheduler, runs } = start(1);
  for (const group of ["a", "b", "a", null, null]) void scheduler.submit("m", requestOf({ group }));
  await clock.advance(1);
  for (let run = 0; run < 4; run++) {
    runs[run].end();
    await clock.advance(1);
  }
  expect(runs.map(({ batch }) => batch.map(({ group }) => group))).toEqual([["a", "a"], ["b"], [null], [null]]);
});

test("priority 1 goes first, 0 last, and equal ones in their order", async () => {
  const { clock, scheduler, runs } = start(1, { own: { batch: 1 } });
  for (const [bytes, priority] of [
    [1, 2],
    [2, 0],
    [3, 1],
    [4, 2],
    [5, 1],
  ])
    void scheduler.submit("m", requestOf({ bytes, priority }));
  await clock.advance(1);
  for (let run = 0; run < 5; run++) {
    runs[run].end();
    await clock.advance(1);
  }
  expect(runs.map(({ batch: [{ bytes }] }) => bytes)).toEqual([3, 5, 1, 4, 2]);
});

test.each<readonly [string, Partial<QueueLimits>, Partial<Request>, RegExp]>([
  ["as many requests as may wait", { requests: 2 }, {}, /^m: has 2 requests waiting; try again after 1 s$/],
  ["as many bytes as may wait", { bytes: 25 }, {}, /^m: has 20 bytes waiting; try again after 1 s$/],
  ["a wait longer than its limit", { wait: 30 }, {}, /^m: is busy; try again after 1 s$/],
  ["an earlier deadline", {}, { deadline: 70 }, /^m: cannot answer before the request's deadline/],
])("with %s, a request is refused with 503 and when to come again", async (_, own, change, message) => {
  const { clock, scheduler } = start(1, { own });
  for (let index = 0; index < 3; index++) {
    // The last may be refused itself.
    scheduler.submit("m", requestOf()).catch(() => undefined);
    await clock.advance(1);
  }
  const refused = await failureOf(scheduler.submit("m", requestOf(change)));
  expect(refused).toMatchObject({ status: 503, retryAfter: 1, message: expect.stringMatching(message) });
});

test("a deadline that passes while every worker is busy is told with 504", async () => {
  const { clock, scheduler, runs } = start(1);
  void scheduler.submit("m", requestOf());
  await clock.advance(1);
  const late = failureOf(scheduler.submit("m", requestOf({ deadline: 60 })));
  await clock.advance(200);
  expect(await late).toMatchObject({ status: 504, message: "m: was not reached before the request's deadline" });
  expect(sizesOf(runs)).toEqual([1]);
});

test("a client that has gone leaves the queue", async () => {
  const { clock, scheduler, runs } = start(1);
  void scheduler.submit("m", requestOf());
  await clock.advance(1);
  const { departure, go } = createDeparture();
  const left = failureOf(scheduler.submit("m", requestOf({ departure })));
  go();
  expect(await left).toMatchObject({ status: 499 });
  expect(scheduler.figures("m")).toMatchObject({ waiting: 0, waitingBytes: 0 });
  runs[0].end();
  await clock.advance(1);
  expect(sizesOf(runs)).toEqual([1]);
  expect(await failureOf(scheduler.submit("m", requestOf({ departure })))).toMatchObject({
    status: 499,
  });
});

test("a lost worker costs its requests one more try, each alone; a request that loses two is told with 500", async () => {
  const { clock, scheduler, runs } = start(1);
  const answers = [1, 2, 3].map((samples) => scheduler.submit("m", requestOf({ samples, bytes: samples })));
  const failed = failureOf(answers[0]);
  await clock.advance(1);
  expect(sizesOf(runs)).toEqual([2]);
  runs[0].lose();
  await clock.advance(1);
  expect(runs[1].batch.map(({ bytes }) => bytes)).toEqual([1]);
  runs[1].lose();
  await clock.advance(1);
  for (const run of [2, 3]) {
    runs[run].end();
    await clock.advance(1);
  }
  expect(await failed).toMatchObject({ status: 500, message: "m: its worker ended twice on this request" });
  expect((await Promise.all(answers.slice(1))).map(({ value }) => value)).toEqual([2, 3]);
  expect(scheduler.figures("m")).toMatchObject({ waiting: 0, waitingBytes: 0, running: 0 });
});

test("an unloaded model answers 404 to what waits, and finishes what runs", async () => {
  const { clock, scheduler, runs } = start(1);
  const first = scheduler.submit("m", requestOf());
  await clock.advance(1);
  const second = failureOf(scheduler.submit("m", requestOf()));
  let isDrained = false;
  void scheduler.drained().then(() => (isDrained = true));
  scheduler.removeModel("m");
  expect(await second).toMatchObject({ status: 404 });
  runs[0].end();
  expect((await first).value).toBe(1);
  await clock.advance(1);
  expect(isDrained).toBe(true);
  expect(await failureOf(scheduler.submit("m", requestOf()))).toMatchObject({ status: 404 });
});

test.each([
  ["short", 2, 2],
  ["long", 20, 1],
])("behind a %s run as many as can be expected are sent ahead", async (_, perSample, sent) => {
  const { clock, scheduler, runs } = start(1, { own: { batch: 1 }, perSample });
  for (let index = 0; index < 4; index++) void scheduler.submit("m", requestOf());
  await clock.advance(1);
  expect(runs).toHaveLength(sent);
});

type Act = "submit" | "abort" | "end" | "lose";

/** Does something at random, and ends all runs that there are then. */
async function live(scheduler: Scheduler, runs: Run[], clock: ReturnType<typeof createClock>, acts: readonly Act[]) {
  const settledTimes: number[] = [];
  const clients: (() => void)[] = [];
  let open = 0;
  for (const act of acts) {
    if (act === "submit") {
      const { departure, go } = createDeparture();
      const index = clients.push(go) - 1;
      settledTimes[index] = 0;
      const count = (): void => void settledTimes[index]++;
      scheduler.submit("m", requestOf({ departure, samples: 1 + (index % 3) })).then(count, count);
    } else if (act === "abort") clients[(7 * settledTimes.length) % Math.max(1, clients.length)]?.();
    else if (open < runs.length) {
      const run = runs[open++];
      if (act === "end") run.end();
      else run.lose();
    }
    await clock.advance(1);
  }
  for (; open < runs.length; open++) {
    runs[open].end();
    await clock.advance(1);
  }
  return settledTimes;
}

test("whatever happens, every request is answered once, and nothing stays behind", async () => {
  const acts = fc.array(fc.constantFrom<Act>("submit", "submit", "submit", "abort", "end", "lose"), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(acts, fc.integer({ min: 1, max: 3 }), async (order, lanes) => {
      const { clock, scheduler, runs } = start(lanes);
      const times = await live(scheduler, runs, clock, order);
      expect(times.filter((count) => count !== 1)).toEqual([]);
      expect(scheduler.figures("m")).toMatchObject({ waiting: 0, waitingBytes: 0, running: 0 });
      await scheduler.drained();
    }),
    { numRuns: 100, seed: 1 },
  );
});
