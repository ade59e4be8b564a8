import { accuracy } from "../measure.ts";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exampleNotes } from "../../../test/support/training.ts";
import { createHistogram } from "../histogram.ts";
import type { StepProgress } from "../loop.ts";
import { float32, int64 } from "../../tensor/tensor.ts";
import { drawBatch } from "./details.ts";
import { observeForTensorBoard } from "./tensorboard.ts";
import type { TrainingEvent, TrainingResult } from "./job.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-tensorboard-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** CRC-32C bit by bit: slow, and another way than the one under test. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
const masked = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

type Fields = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

/** A protobuf message by field number: numbers where it has any, bytes elsewhere. */
function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (number | Uint8Array)[]>();
  while (reader.pos < reader.len) {
    const [field, type]: readonly number[] = reader.tag();
    const value =
      type === 0 ? Number(reader.int64()) : type === 1 ? reader.double() : type === 5 ? reader.float() : reader.bytes();
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}
const bytesAt = (fields: Fields, field: number): Uint8Array[] => (fields.get(field) ?? []) as Uint8Array[];
const textAt = (fields: Fields, field: number): string => Buffer.from(bytesAt(fields, field)[0]).toString();

/** The events of the one file in the folder; every checksum is right. */
function readEvents(): readonly Fields[] {
  const [name, ...others] = readdirSync(folder);
  expect(others).toEqual([]);
  expect(name).toMatch(/^events\.out\.tfevents\.\d{10}\./);
  const bytes = readFileSync(join(folder, name));
  const events: Fields[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at);
    expect(bytes.readUInt32LE(at + 4)).toBe(0);
    expect(bytes.readUInt32LE(at + 8)).toBe(masked(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(masked(data));
    events.push(fieldsOf(data));
    at += 16 + length;
  }
  return events;
}

const progress: StepProgress = {
  step: 4,
  steps: 10,
  epoch: 1,
  loss: 1,
  measures: { accuracy: 0.5 },
  learningRate: 0.1,
  stepLoss: 0.75,
  stepMeasures: { accuracy: 0.25 },
  gradientNorm: 2,
};
const events: readonly TrainingEvent[] = [
  {
    kind: "start",
    start: { notes: exampleNotes, folder: "out", stepsPerEpoch: 5, measures: { training: accuracy, main: accuracy } },
  },
  { kind: "step", progress, milliseconds: 10, batch: 32 },
  { kind: "epoch", record: { epoch: 1, training: { loss: 0.5, measures: { accuracy: 0.75 } } }, isBest: false },
];
const result: TrainingResult = {
  status: "diverged",
  diverged: { step: 5, loss: Number.NaN, correct: 0, gradientNorm: Infinity, norms: {} },
  steps: 4,
  epochs: [],
  mainMeasure: "accuracy",
  lowering: "portable",
  imagesPerSecond: 1,
  processorSeconds: 1,
  files: { last: "last" },
};

test("CRC-32C of the test is RFC 3720's", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
});

test("scalars, histograms, images and the graph are written as event.proto says, with right checksums", async () => {
  const observer = observeForTensorBoard(folder);
  for (const event of events) observer.observe(event);
  const histogram = createHistogram([0, 1, 2, 3, Number.NaN]);
  observer.observe({
    kind: "distributions",
    distributions: { weights: { w: histogram }, gradients: { w: histogram } },
  });
  const batch = { images: float32([2, 1, 1, 2], [0, 1, 2, 3]), labels: int64([2], [0, 1]) };
  const image = drawBatch(batch, { mean: [0], deviation: [0.2] });
  observer.observe({ kind: "sample", image });
  await observer.finish({ result });
  const written = readEvents();
  expect(textAt(written[0], 3)).toBe("brain.Event:2");
  const nodes = bytesAt(fieldsOf(bytesAt(written[1], 4)[0]), 1).map(fieldsOf);
  expect(nodes.map((node) => textAt(node, 1))).toContain("layer1/0/conv1/weight");
  const conv = nodes.find((node) => textAt(node, 2) === "Conv")!;
  expect(bytesAt(conv, 3).map((name) => Buffer.from(name).toString())).toEqual(["images", "conv1/weight"]);
  const values = written.flatMap((event) =>
    bytesAt(event, 5).flatMap((summary) =>
      bytesAt(fieldsOf(summary), 1).map((value) => ({ step: event.get(2)?.[0], value: fieldsOf(value) })),
    ),
  );
  const scalars = values
    .filter(({ value }) => value.has(2))
    .map(({ step, value }) => [textAt(value, 1), value.get(2)![0], step]);
  expect(scalars).toEqual([
    ["loss/step", 0.75, 4],
    ["accuracy/step", 0.25, 4],
    ["step/learning_rate", Math.fround(0.1), 4],
    ["step/gradient_norm", 2, 4],
    ["step/images_per_second", 3200, 4],
    ["loss/train", 0.5, 4],
    ["accuracy/train", 0.75, 4],
    ["loss/step", Number.NaN, 4],
    ["step/gradient_norm", Infinity, 4],
  ]);
  const histograms = values.filter(({ value }) => value.has(5));
  expect(histograms.map(({ value }) => textAt(value, 1))).toEqual(["weights/w", "gradients/w"]);
  const fields = fieldsOf(bytesAt(histograms[0].value, 5)[0]);
  expect([1, 2, 3, 4, 5].map((field) => fields.get(field)?.[0])).toEqual([0, 3, 4, 6, 14]);
  const counts = Buffer.from(bytesAt(fields, 7)[0]);
  expect(counts.length / 8).toBe(30);
  expect(Array.from({ length: 30 }, (_, index) => counts.readDoubleLE(8 * index)).reduce((a, b) => a + b)).toBe(4);
  const picture = fieldsOf(bytesAt(values.find(({ value }) => value.has(4))!.value, 4)[0]);
  expect([1, 2, 3].map((field) => picture.get(field)?.[0])).toEqual([1, 4, 1]);
  const { default: sharp } = await import("sharp");
  const pixels = await sharp(bytesAt(picture, 4)[0]).toColourspace("b-w").raw().toBuffer();
  expect([...pixels]).toEqual([0, 51, 102, 153]);
});

test("a folder that cannot be written is an error at the end, or at the next event, and nothing else", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const observer = observeForTensorBoard(join(file, "logs"));
  observer.observe(events[1]);
  await expect(observer.finish({ result })).rejects.toThrow("cannot write: a part of the path is a file");
  expect(() => observer.observe(events[1])).toThrow("cannot write");
});

test("a histogram counts every finite value once, also where all are equal or there are none", () => {
  expect(createHistogram([2, 2])).toMatchObject({ count: 2, limits: [2], counts: [2] });
  expect(createHistogram([Number.NaN])).toMatchObject({ count: 0, counts: [0] });
  const { counts, limits } = createHistogram(Float32Array.from({ length: 1000 }, (_, index) => Math.sin(index)));
  expect(counts.reduce((a, b) => a + b)).toBe(1000);
  expect(limits).toEqual(limits.toSorted((a, b) => a - b));
});
