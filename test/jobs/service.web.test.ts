import { expect, test } from "vitest";
import { openService, type WorkerService } from "../../src/jobs/web/service.ts";
import { EnvironmentError, OptionError } from "../../src/tensor/errors.ts";

/** Adds up what it is asked. */
export const counting: WorkerService<number, string, Float32Array> = {
  name: "counting",
  worker: () => new Worker(new URL("./service-worker.ts", import.meta.url), { type: "module" }),
};

test("a service keeps what it has, answers in order, and tells what it does meanwhile", async () => {
  const service = openService(counting);
  const events: string[] = [];
  const onEvent = (event: string): void => void events.push(event);
  // The first takes longer than the second.
  const answers = await Promise.all([1, 10].map((added) => service.ask(added, { onEvent })));
  expect(answers).toEqual([Float32Array.of(1), Float32Array.of(11)]);
  expect(events).toEqual(["adding 1", "adding 10"]);
  service.close();
});

test("a request that fails leaves the service as it was", async () => {
  const service = openService(counting);
  await service.ask(3);
  const refused = service.ask(0);
  await expect(refused).rejects.toThrow(OptionError);
  await expect(refused).rejects.toThrow("added: must not be 0");
  expect(await service.ask(4)).toEqual(Float32Array.of(7));
  service.close();
});

test("a worker that is lost rejects what was asked; the next request opens another", async () => {
  const service = openService(counting);
  await service.ask(3);
  const [lost, waiting] = [service.ask(-1), service.ask(2)];
  await expect(lost).rejects.toThrow(EnvironmentError);
  await expect(waiting).rejects.toThrow(/^counting worker: /);
  expect(await service.ask(2)).toEqual(Float32Array.of(2));
  const ended = service.ask(1);
  service.close();
  await expect(ended).rejects.toThrow("counting worker: was ended, as asked");
});
