import { expect, test } from "vitest";
import type { MemoryRecord } from "../../../train/node/record.ts";
import { hearTraining } from "./hear-training.ts";

const outcome: MemoryRecord = {
  status: "done",
  steps: 2,
  epochs: [],
  mainMeasure: "accuracy",
  lowering: "blocked",
  imagesPerSecond: 1,
  processorSeconds: 1,
  onnx: Uint8Array.of(1),
};

function listen(): {
  readonly training: ReturnType<typeof hearTraining>;
  readonly recorded: unknown[];
  readonly told: unknown[];
} {
  const [recorded, told]: [unknown[], unknown[]] = [[], []];
  const recorder = {
    name: "recorder",
    observe: (event: unknown) => void recorded.push(event),
    finish: async (end: unknown) => void recorded.push(end),
  };
  return { training: hearTraining(recorder, (event) => void told.push(event)), recorded, told };
}

test("a trained network is recorded before it judges, and stays so when the judgement fails", async () => {
  const { training, recorded, told } = listen();
  training.hear({ kind: "compiling" });
  training.hear({ kind: "trained", outcome });
  training.hear({ kind: "judging", done: 0, count: 9 });
  await training.end({ error: new Error("the judge failed"), isAsked: false });
  expect(recorded).toEqual([{ kind: "compiling" }, { result: outcome }]);
  expect(told).toEqual([{ kind: "compiling" }, { kind: "judging", done: 0, count: 9 }]);
});

test("one that is ended before is recorded with why", async () => {
  const { training, recorded } = listen();
  const failure = { error: new Error("ended"), isAsked: true };
  await training.end(failure);
  expect(recorded).toEqual([failure]);
});

test("the network has its judgement beside it", () => {
  const { training } = listen();
  training.hear({ kind: "trained", outcome });
  const judgement = { parameters: 1, multiplyAdds: 1, architecture: "", scores: Float32Array.of(1) };
  expect(training.judged(judgement)).toEqual({ status: "done", steps: 2, onnx: outcome.onnx, judgement });
});
