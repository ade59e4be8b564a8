import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { EngineAnswer } from "../server-protocol.ts";
import { createFollowedJobs, type JobListener } from "./followed-jobs.ts";
import { createRunningJobs, type RunningJobs } from "./running-jobs.ts";
import type { CheckedJob, JobMemory } from "./served-job.ts";

/** A job that reports what it is told to, until it is ended; it goes on without a page if it has a memory. */
function fakeJob(
  memory?: JobMemory,
): CheckedJob & { say(word: string): void; end(): void; fail(): void; readonly asked: string[] } {
  const asked: string[] = [];
  let say: (event: unknown) => void = () => undefined;
  let [end, fail]: [(result: unknown) => void, (error: Error) => void] = [() => undefined, () => undefined];
  const start: CheckedJob["start"] = (onEvent) => {
    say = onEvent;
    const result = new Promise<unknown>((resolve, reject) => ([end, fail] = [resolve, reject]));
    return { result, stop: () => void asked.push("stop"), kill: () => void asked.push("kill") };
  };
  return {
    networks: 1,
    start,
    ...(memory === undefined ? {} : { memory }),
    say: (word) => say(word),
    end: () => end("done"),
    fail: () => fail(new Error("failed")),
    asked,
  };
}

function lastWord(): JobMemory {
  let word: unknown;
  return { hear: (event) => void (word = event), recall: () => [word], describe: () => word };
}

function listen(): JobListener & { readonly heard: string[] } {
  const heard: string[] = [];
  const describe = (answer: EngineAnswer): string =>
    answer.kind === "event" ? String(answer.event) : answer.kind === "result" ? String(answer.result) : answer.kind;
  return { heard, hear: (answer) => void heard.push(describe(answer)), end: () => void heard.push("end") };
}

const place = (jobs: RunningJobs): ReturnType<RunningJobs["reserve"]> => jobs.reserve("training", 0);

test("a job without a memory ends with its page; one with a memory goes on, and is told to whom comes back", async () => {
  const jobs = createRunningJobs();
  const followed = createFollowedJobs();
  const [race, training] = [fakeJob(), fakeJob(lastWord())];
  followed.start(place(jobs), race, listen())();
  expect(race.asked).toEqual(["kill"]);
  const first = listen();
  const leave = followed.start(place(jobs), training, first);
  training.say("one");
  leave();
  training.say("two");
  expect([training.asked, first.heard]).toEqual([[], ["started", "one"]]);
  const [{ id }, ...rest] = followed.list();
  expect([followed.list(), rest]).toEqual([[{ id, isOver: false, facts: "two" }], []]);
  const second = listen();
  followed.follow(id, second);
  training.say("three");
  training.end();
  await expect.poll(() => second.heard).toEqual(["started", "two", "three", "done", "end"]);
  // It is over, and still told until it is forgotten.
  const third = listen();
  followed.follow(id, third);
  expect(third.heard).toEqual(["started", "three", "done", "end"]);
  expect(followed.list()).toMatchObject([{ id, isOver: true }]);
  followed.forget(id);
  expect([followed.list(), followed.follow(id, listen())]).toEqual([[], undefined]);
});

test("of jobs that have ended, the last four are kept; one that is forgotten while it runs is ended", async () => {
  const followed = createFollowedJobs();
  for (let at = 0; at < 6; at++) {
    const jobs = createRunningJobs();
    const job = fakeJob(lastWord());
    followed.start(place(jobs), job, listen());
    job.say(String(at));
    job.end();
    await expect.poll(() => followed.list().at(-1)?.isOver).toBe(true);
  }
  expect(followed.list().map(({ facts }) => facts)).toEqual(["2", "3", "4", "5"]);
  const job = fakeJob(lastWord());
  followed.start(place(createRunningJobs()), job, listen());
  followed.forget(followed.list().at(-1)!.id);
  expect(job.asked).toEqual(["kill"]);
});

test("of more jobs than are kept, the one that ended first leaves, whichever started first; failures before results", async () => {
  const followed = createFollowedJobs();
  const begin = (name: string): ReturnType<typeof fakeJob> => {
    const job = fakeJob(lastWord());
    followed.start(place(createRunningJobs()), job, listen());
    job.say(name);
    return job;
  };
  const isOver = (name: string): boolean | undefined => followed.list().find(({ facts }) => facts === name)?.isOver;
  const names = (): readonly unknown[] => followed.list().map(({ facts }) => facts);
  const long = begin("long");
  for (const name of ["0", "1", "2", "3"]) {
    begin(name).end();
    await expect.poll(() => isOver(name)).toBe(true);
  }
  long.end();
  await expect.poll(() => isOver("long")).toBe(true);
  expect(names()).toEqual(["long", "1", "2", "3"]);
  followed.forget(followed.list()[1].id);
  begin("failed").fail();
  await expect.poll(() => isOver("failed")).toBe(true);
  begin("4").end();
  await expect.poll(names).toEqual(["long", "2", "3", "4"]);
  // One that was forgotten in mid-computation ends afterwards, and takes nobody's place.
  const forgotten = begin("forgotten");
  followed.forget(followed.list().at(-1)!.id);
  forgotten.fail();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(names()).toEqual(["long", "2", "3", "4"]);
});

test("a job that has ended holds nothing of what computed it", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const followed = createFollowedJobs();
  // Apart, so that nothing below holds what it makes.
  const begin = (): WeakRef<object> => {
    const input = new Uint8Array(1e6);
    const job = fakeJob(lastWord());
    const holding: CheckedJob = {
      ...job,
      start: (onEvent) => {
        const started = job.start(onEvent);
        return { ...started, kill: () => void (input[0] = 1) };
      },
    };
    followed.start(place(createRunningJobs()), holding, listen());
    job.end();
    return new WeakRef(input);
  };
  const input = begin();
  const isHeld = (): boolean => {
    collect();
    return input.deref() !== undefined;
  };
  await expect.poll(isHeld).toBe(false);
  expect(followed.list()).toHaveLength(1);
});
