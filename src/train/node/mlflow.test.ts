import { accuracy } from "../measure.ts";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { exampleNotes } from "../../../test/support/training.ts";
import { reportToMlflow } from "./mlflow.ts";
import type { TrainingEvent, TrainingResult } from "./job.ts";

interface Call {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}
interface Metric {
  readonly key: string;
  readonly value: number | string;
  readonly step: number;
}

/** A server that answers as MLflow's REST API does, and can be taken away and brought back. */
async function serveMlflow(answer: (path: string) => number = () => 200) {
  const calls: Call[] = [];
  let experiment: string | undefined;
  const listen = (port: number): Promise<Server> =>
    new Promise((resolve) => {
      const server = createServer((request, response) => {
        let text = "";
        request.on("data", (chunk: Buffer) => (text += chunk.toString()));
        request.on("end", () => {
          const url = new URL(request.url ?? "", "http://x");
          const path = url.pathname.replace("/api/2.0/mlflow/", "");
          const body = (text === "" ? Object.fromEntries(url.searchParams) : JSON.parse(text)) as Call["body"];
          calls.push({ path, authorization: request.headers.authorization, body });
          const send = (status: number, value: object): void => {
            response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
          };
          const status = answer(path);
          if (status !== 200) return send(status, { error_code: "REFUSED" });
          if (path === "experiments/get-by-name")
            return experiment === undefined
              ? send(404, { error_code: "RESOURCE_DOES_NOT_EXIST" })
              : send(200, { experiment: { experiment_id: experiment } });
          if (path === "experiments/create") return send(200, { experiment_id: (experiment = "7") });
          if (path === "runs/create") return send(200, { run: { info: { run_id: "r1" } } });
          return send(200, {});
        });
      }).listen(port, "127.0.0.1", () => resolve(server));
    });
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(stop);
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    stop,
    start: async () => {
      server = await listen(port);
    },
    metrics: () => calls.flatMap(({ body }) => (body["metrics"] ?? []) as readonly Metric[]),
  };
}

const start: TrainingEvent = {
  kind: "start",
  start: { notes: exampleNotes, folder: "out", stepsPerEpoch: 5, measures: { training: accuracy, main: accuracy } },
};
function stepEvent(step: number, loss: number): TrainingEvent {
  const progress = {
    step,
    steps: 10,
    epoch: 1,
    loss,
    measures: { accuracy: 0 },
    learningRate: 0.1,
    stepLoss: loss,
    stepMeasures: { accuracy: 0 },
    gradientNorm: 1,
  };
  return { kind: "step", progress, milliseconds: 10, batch: 2 };
}
const result: TrainingResult = {
  status: "done",
  steps: 2,
  epochs: [],
  lowering: "portable",
  imagesPerSecond: 1,
  processorSeconds: 1,
  files: { last: "last" },
  mainMeasure: "accuracy",
  test: { count: 10, loss: 0.5, measures: { accuracy: 0.75 } },
};
const timing = { pause: 10, request: 5_000, finish: 20_000 };

test("a run is made with its parameters, its metrics are sent, NaN too, and it is finished", async () => {
  const server = await serveMlflow();
  const observer = reportToMlflow({ url: server.url, authorization: "Bearer t", say: () => {}, timing });
  observer.observe(start);
  observer.observe(stepEvent(4, 0.25));
  observer.observe(stepEvent(5, Number.NaN));
  await observer.finish({ result });
  const of = (path: string): readonly Call[] => server.calls.filter((call) => call.path === path);
  expect(of("experiments/create")[0].body).toEqual({ name: "residua" });
  expect(of("runs/create")[0].body).toMatchObject({ experiment_id: "7", run_name: "resnet8 pad" });
  const params = of("runs/log-batch").flatMap(({ body }) => (body["params"] ?? []) as readonly object[]);
  expect(params).toContainEqual({ key: "recipe.optimizer.name", value: "sgd" });
  expect(params).toContainEqual({ key: "model.options.shortcut", value: "pad" });
  const losses = server.metrics().filter(({ key }) => key === "loss/step");
  expect(losses.map(({ value, step }) => [value, step])).toEqual([
    [0.25, 4],
    ["NaN", 5],
  ]);
  expect(server.metrics()).toContainEqual(expect.objectContaining({ key: "accuracy/test", value: 0.75, step: 5 }));
  expect(server.calls.at(-1)).toMatchObject({ path: "runs/update", body: { run_id: "r1", status: "FINISHED" } });
  expect(new Set(server.calls.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer t"]));
});

test("a server that goes away and comes back gets everything once, and the training is told once each", async () => {
  const server = await serveMlflow();
  const said: string[] = [];
  const observer = reportToMlflow({ url: server.url, say: (message) => said.push(message), timing });
  observer.observe(start);
  observer.observe(stepEvent(1, 1));
  await expect.poll(() => server.metrics().length, { timeout: 60_000 }).toBeGreaterThan(0);
  server.stop();
  for (let step = 2; step <= 3_000; step++) observer.observe(stepEvent(step, 1));
  await expect.poll(() => said.length, { timeout: 60_000 }).toBe(1);
  await server.start();
  await observer.finish({ result });
  const steps = server
    .metrics()
    .filter(({ key }) => key === "loss/step")
    .map(({ step }) => step);
  expect(steps).toEqual(Array.from({ length: 3_000 }, (_, index) => index + 1));
  expect(said).toEqual([
    expect.stringMatching(/^MLflow: 127\.0\.0\.1:\d+: cannot be reached; keeping what happens/),
    "MLflow: the server is back; everything was sent",
  ]);
});

test("a server that stays away ends in an error within bounded time; one that refuses is given up at once", async () => {
  const away = await serveMlflow();
  away.stop();
  const observer = reportToMlflow({ url: away.url, say: () => {}, timing: { ...timing, finish: 50 } });
  observer.observe(start);
  observer.observe(stepEvent(1, 1));
  await expect(observer.finish({ result })).rejects.toThrow("metrics could not be sent");
  const refusing = await serveMlflow((path) => (path === "runs/create" ? 403 : 200));
  const refused = reportToMlflow({ url: refusing.url, say: () => {}, timing });
  refused.observe(start);
  await expect(refused.finish({ result })).rejects.toThrow("answered 403 to runs/create");
});

test("an address that is none is refused without being repeated, for it may hold a password", () => {
  const make = (): unknown => reportToMlflow({ url: "me:secret@host", say: () => {} });
  expect(make).toThrow(/^url: .*must be like http:\/\/localhost:5000$/);
  expect(make).not.toThrow("secret");
});
