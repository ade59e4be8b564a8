import { expect, onTestFinished, test, vi } from "vitest";
import { createRunningJobs } from "./running-jobs.ts";
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

const limits = { jobs: 2, networks: 3, silentMilliseconds: 200 };
const ignore = (): void => undefined;

test("jobs and their networks are counted, and a place is free again when a job has ended", async () => {
  const jobs = createRunningJobs(limits);
  const first = jobs.start(fakeJob(2), "race", ignore);
  expect(() => jobs.start(fakeJob(2), "race", ignore)).toThrow(
    "race: would be too much at once: the server trains already (networks: 2, jobs: 1), must be at most (networks: 3, jobs: 2); stop one, or compute it in the page",
  );
  const second = jobs.start(fakeJob(), "race", ignore);
  expect(() => jobs.start(fakeJob(0), "training", ignore)).toThrow(/jobs: 2\), must be/);
  jobs.stop("another");
  jobs.stop(first.id);
  expect(await first.result).toBe("stop");
  jobs.start(fakeJob(2), "race", ignore);
  await jobs.killAll();
  expect(await second.result).toBe("kill");
});

test("a job that says nothing is ended; one that goes on saying something is not", async () => {
  const jobs = createRunningJobs(limits);
  const [silent, talking] = [fakeJob(), fakeJob()];
  const lost = jobs.start(silent, "race", ignore);
  const kept = jobs.start(talking, "race", ignore);
  const timer = setInterval(talking.say, 20);
  await expect(lost.result).rejects.toThrow("race: said nothing for 0.2 seconds and was ended; start it again");
  expect([silent.asked, talking.asked]).toEqual([["kill"], []]);
  clearInterval(timer);
  kept.stop();
  expect(await kept.result).toBe("stop");
});

test("a job that was ended says nothing more", async () => {
  const jobs = createRunningJobs(limits);
  const [silent, said] = [fakeJob(), vi.fn<() => void>()];
  await expect(jobs.start(silent, "race", said).result).rejects.toThrow("said nothing");
  silent.say();
  expect(said).not.toHaveBeenCalled();
});

test("a job that cannot be started leaves its place, and nothing that would end it", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const jobs = createRunningJobs(limits);
  const start = (): never => {
    throw new Error("spawn ENOMEM");
  };
  expect(() => jobs.start({ networks: 3, start }, "race", ignore)).toThrow("spawn ENOMEM");
  expect(vi.getTimerCount()).toBe(0);
  jobs.start(fakeJob(3), "race", ignore);
  await jobs.killAll();
});
