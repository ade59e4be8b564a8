import { describe, expect, test } from "vitest";
import { type Host, type Job, keptEvents, type Running } from "../../src/jobs/job.ts";
import { EnvironmentError, FormatError, OptionError, ResiduaError, TrainingError } from "../../src/tensor/errors.ts";
import { createJobs } from "./jobs.js";
import * as errors from "../../src/tensor/errors.ts";

type Run<Input, Result> = Job<Input, unknown, Result>["run"];

export interface TestJobs {
  readonly echo: Run<unknown, unknown>;
  readonly count: Run<number, void>;
  readonly wait: Run<undefined, { readonly turns: number; readonly status: string }>;
  readonly refuse: Run<undefined, never>;
  readonly diverge: Run<undefined, never>;
  readonly fail: Run<undefined, never>;
  readonly throwText: Run<undefined, never>;
  readonly reportFunction: Run<undefined, void>;
  readonly returnFunction: Run<undefined, () => number>;
  readonly buffer: Run<number, Float32Array>;
}

/** What a worker gets: which job to do, and its input. */
export interface TestOrder {
  readonly job: keyof TestJobs;
  readonly input: unknown;
}

const jobs = createJobs(errors);

async function collect<Event>(running: Running<Event, unknown>): Promise<readonly Event[]> {
  const events: Event[] = [];
  for await (const event of running) events.push(event);
  return events;
}

/** The same cases for every host: what a caller may rely on, wherever the job runs. */
export function hostSuite(name: string, host: Host, { isRemote }: { readonly isRemote: boolean }): void {
  function start<Name extends keyof TestJobs>(
    job: Name,
    input: Parameters<TestJobs[Name]>[0],
    onEvent?: (event: unknown) => void,
  ): Running<unknown, Awaited<ReturnType<TestJobs[Name]>>> {
    const run = jobs[job] as Job<unknown, unknown, Awaited<ReturnType<TestJobs[Name]>>>["run"];
    return host({ name: job, run }, input, onEvent === undefined ? {} : { onEvent });
  }

  /** Acts as soon as the job is under way. */
  function startWaiting(act: (running: Running<unknown, unknown>) => void): Promise<unknown> {
    const running: Running<unknown, unknown> = start("wait", undefined, () => act(running));
    return running.result;
  }

  describe(`a job in ${name}`, () => {
    test("returns values that JSON would lose, and is heard in order", async () => {
      const value = { map: new Map([["a", Float32Array.of(1, Number.NaN)]]), none: Number.NaN };
      const events: unknown[] = [];
      expect(await start("echo", value, (event) => events.push(event)).result).toEqual(value);
      expect(events).toEqual([1, 2, 3]);
    });

    test("keeps its events for a loop that begins late, even after its end", async () => {
      const running = start("echo", 5);
      expect(await running.result).toBe(5);
      expect(await collect(running)).toEqual([1, 2, 3]);
    });

    test("is heard to its end by a loop that begins at once and is slow", async () => {
      const running = start("count", 500);
      const events: unknown[] = [];
      for await (const event of running) {
        events.push(event);
        if (events.length % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect(events).toEqual(Array.from({ length: 500 }, (_, index) => index));
      await running.result;
    });

    test("tells a reader who is too late what is lost, instead of leaving gaps", async () => {
      const running = start("count", keptEvents + 2);
      await running.result;
      await expect(collect(running)).rejects.toThrow(
        `count events: ${keptEvents + 2} are lost: at most ${keptEvents} wait for a reader; read them sooner`,
      );
      const whole = start("count", keptEvents);
      await whole.result;
      expect(await collect(whole)).toHaveLength(keptEvents);
    });

    test("goes on when its reader leaves the loop, and has one reader only", async () => {
      const running = start("count", 100);
      for await (const event of running) if (event === 10) break;
      await expect(collect(running)).rejects.toThrow("count events: are read by a loop already");
      expect(await running.result).toBeUndefined();
    });

    test("cannot be iterated over beside `onEvent`, which hears all", async () => {
      const running = start("echo", 1, () => undefined);
      expect(() => running[Symbol.asyncIterator]()).toThrow(OptionError);
      expect(await running.result).toBe(1);
    });

    test("is killed by an `onEvent` that throws, whose error is the result", async () => {
      const error = new Error("the listener's own");
      const running = start("wait", undefined, () => {
        throw error;
      });
      await expect(running.result).rejects.toBe(error);
    });

    test("that is asked to stop says how far it came", async () => {
      expect(await startWaiting((running) => running.stop())).toMatchObject({ status: "stopped" });
    });

    test("that is asked to stop before it has begun stops", async () => {
      const running = start("wait", undefined);
      running.stop();
      expect(await running.result).toMatchObject({ status: "stopped" });
    });

    test("that is killed is over at once, and its loop ends", async () => {
      const running = start("wait", undefined);
      for await (const event of running) {
        expect(event).toBe("ready");
        running.kill();
      }
      await expect(running.result).rejects.toThrow(EnvironmentError);
      await expect(running.result).rejects.toThrow(/^wait(| process| worker): was ended, as asked$/);
    });

    test("that is over is not harmed by being stopped or killed", async () => {
      const running = start("echo", 1);
      await running.result;
      running.stop();
      running.kill();
      expect(await running.result).toBe(1);
      expect(await collect(running)).toEqual([1, 2, 3]);
    });

    test("fails with an error of the same class, place and words", async () => {
      const error = await start("refuse", undefined).result.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(FormatError);
      expect(error).toMatchObject({
        name: "FormatError",
        where: "odd\nfile: a.onnx",
        detail: "is truncated: 3 bytes; fetch it again",
        message: "odd\\u000afile: a.onnx: is truncated: 3 bytes; fetch it again",
      });
    });

    test("fails as the class that its error's own class extends", async () => {
      const error = await start("diverge", undefined).result.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TrainingError);
      expect(error).toMatchObject({ where: "training", message: "training: loss is NaN" });
    });

    test("that fails unexpectedly keeps the error's name and words, and is no ResiduaError", async () => {
      const error = await start("fail", undefined).result.catch((thrown: unknown) => thrown);
      expect(error).not.toBeInstanceOf(ResiduaError);
      expect(error).toMatchObject({ name: "RangeError", message: "not meant to happen" });
    });

    test("that throws no error at all fails with what it threw, as a text", async () => {
      const thrown = await start("throwText", undefined).result.catch(errors.errorMessage);
      expect(thrown).toBe("only words");
    });

    test("ends its loop when it fails; the error is the result's alone", async () => {
      const running = start("fail", undefined);
      const result = running.result.catch(() => "failed");
      expect(await collect(running)).toEqual([]);
      expect(await result).toBe("failed");
    });

    test("returns buffers whole", async () => {
      expect(await start("buffer", 1_000).result).toEqual(new Float32Array(1_000).fill(2.5));
    });
  });

  test.runIf(isRemote)(`an error from ${name} has the stack that it had there as its cause`, async () => {
    const causes = (["refuse", "fail"] as const).map((job) =>
      start(job, undefined).result.catch((error: unknown) => (error as Error).cause),
    );
    const [refused, failed] = await Promise.all(causes);
    expect(refused).toMatch(/FormatError: odd.*\n\s+at .*refuse/);
    expect(failed).toMatch(/RangeError: not meant to happen\n\s+at .*fail/);
  });

  describe.runIf(isRemote)(`what cannot be sent to or from ${name} fails in words`, () => {
    test("an input", async () => {
      const { result } = start("echo", () => 1);
      await expect(result).rejects.toThrow(/^echo input: cannot be sent, must be plain data: .*could not be cloned/);
    });

    test.each(["reportFunction", "returnFunction"] as const)("%s", async (job) => {
      await expect(start(job, undefined).result).rejects.toThrow(/could not be cloned/);
    });
  });
}
