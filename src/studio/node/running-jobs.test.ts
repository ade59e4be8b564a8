import { expect, onTestFinished, test, vi } from "vitest";
import { createRunningJobs } from "./running-jobs.ts";
import type { RunningJob, RunningJobs } from "./running-jobs.ts";
import type { CheckedJob } from "./served-job.ts";

/** A job that ends when it is stopped or killed; `say` reports something. */
function fakeJob(networks = 1): CheckedJob & { readonly say: () => void; readonly asked: string[] } {
  const asked: string[] = [];
  let say = (): void => undefined;
  const start: CheckedJob["start"] = (onEvent) => {
    say = () => onEvent("something");
    let end: (result: string) => void = () => undefined;
    const result = new Promise<string>((resolve) => (end = resolve));
    const control = (what: string) => (): void => {
      asked.push(what);
      end(what);
    };
    return { result, stop: control("stop"), kill: control("kill") };
  };
  return { networks, start, say: () => say(), asked };
}

const limits = { jobs: 2, networks: 3, bytes: 10e6, silentMilliseconds: 200, stopMilliseconds: 50 };
const ignore = (): void => undefined;

function begin(jobs: RunningJobs, job: CheckedJob, onEvent: (event: unknown) => void = ignore): RunningJob {
  return jobs.reserve("race", 0).start(job, onEvent);
}

test("jobs and their networks are counted, and a place is free again when a job has ended", async () => {
  const jobs = createRunningJobs(limits);
  const first = begin(jobs, fakeJob(2));
  expect(() => begin(jobs, fakeJob(2))).toThrow(
    "race: would be too much at once: the server trains already (networks: 2, jobs: 1), must be at most (networks: 3, jobs: 2); stop one, or compute it in the page",
  );
  const second = begin(jobs, fakeJob());
  expect(() => begin(jobs, fakeJob(0))).toThrow(/jobs: 2\), must be/);
  jobs.stop("another");
  jobs.stop(first.id);
  expect(await first.result).toBe("stop");
  begin(jobs, fakeJob(2));
  await jobs.endAll();
  expect(await second.result).toBe("stop");
});

test("room is kept for inputs before they are read, until their jobs have ended or nobody brings them", async () => {
  const jobs = createRunningJobs(limits);
  const [first, second] = [jobs.reserve("training", 6e6), jobs.reserve("training", 4e6)];
  expect(() => jobs.reserve("training", 0)).toThrow(/^training: would be too much at once: .*jobs: 2\), must be/);
  second.leave();
  expect(() => jobs.reserve("training", 4_000_001)).toThrow(
    "training: would be too much at once: 5 MB, beside 6 MB that the server holds, must be at most 10 MB together; stop one, or compute it in the page",
  );
  const { result, stop } = first.start(fakeJob(), ignore);
  // Its input is that of a process now, until it ends.
  first.leave();
  expect(() => jobs.reserve("training", 5e6)).toThrow("beside 6 MB");
  stop();
  await result;
  jobs.reserve("training", 5e6).leave();
});

test("a job that says nothing is ended; one that goes on saying something is not", async () => {
  const jobs = createRunningJobs(limits);
  const [silent, talking] = [fakeJob(), fakeJob()];
  const lost = begin(jobs, silent);
  const kept = begin(jobs, talking);
  const timer = setInterval(talking.say, 20);
  await expect(lost.result).rejects.toThrow("race: said nothing for 0.2 seconds and was ended; start it again");
  expect([silent.asked, talking.asked]).toEqual([["kill"], []]);
  clearInterval(timer);
  kept.stop();
  expect(await kept.result).toBe("stop");
});

test("with the server, a job is stopped, and ended if it does not stop", async () => {
  const jobs = createRunningJobs(limits);
  const [quick, slow] = [fakeJob(), fakeJob()];
  const slowly: CheckedJob = {
    ...slow,
    start: (onEvent) => ({ ...slow.start(onEvent), stop: () => void slow.asked.push("too slow") }),
  };
  const results = [begin(jobs, quick).result, begin(jobs, slowly).result];
  await jobs.endAll();
  expect(await Promise.all(results)).toEqual(["stop", "kill"]);
  expect([quick.asked, slow.asked]).toEqual([["stop"], ["too slow", "kill"]]);
});

test("a job that was ended says nothing more", async () => {
  const jobs = createRunningJobs(limits);
  const [silent, said] = [fakeJob(), vi.fn<() => void>()];
  await expect(begin(jobs, silent, said).result).rejects.toThrow("said nothing");
  silent.say();
  expect(said).not.toHaveBeenCalled();
});

test("a job that cannot be started leaves its place, and nothing that would end it", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const jobs = createRunningJobs(limits);
  const fail = (): never => {
    throw new Error("spawn ENOMEM");
  };
  expect(() => begin(jobs, { networks: 3, start: fail })).toThrow("spawn ENOMEM");
  expect(vi.getTimerCount()).toBe(0);
  begin(jobs, fakeJob(3));
  await jobs.endAll();
});
