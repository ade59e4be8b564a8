import { expect, test } from "vitest";
import type { EngineAnswer } from "../server-protocol.ts";
import { createFollowedJobs, type JobListener } from "./followed-jobs.ts";
import { createRunningJobs, type RunningJobs } from "./running-jobs.ts";
import type { CheckedJob, JobMemory } from "./served-job.ts";

/** A job that reports what it is told to, until it is ended; it goes on without a page if it has a memory. */
function fakeJob(memory?: JobMemory): CheckedJob & { say(word: string): void; end(): void; readonly asked: string[] } {
  const asked: string[] = [];
  let [say, end]: [(event: unknown) => void, (result: unknown) => void] = [() => undefined, () => undefined];
  const start: CheckedJob["start"] = (onEvent) => {
    say = onEvent;
    const result = new Promise<unknown>((resolve) => (end = resolve));
    return { result, stop: () => void asked.push("stop"), kill: () => void asked.push("kill") };
  };
  return {
    networks: 1,
    start,
    ...(memory === undefined ? {} : { memory }),
    say: (word) => say(word),
    end: () => end("done"),
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
