import { expect } from "vitest";
import { bytesOf, float32, type Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";
import type { RuntimeCase, RuntimeContext } from "./case.ts";
import { edgeValues } from "./element-types.ts";
import { buildModel, identityModel, recurrenceModel, sumAndDifferenceModel } from "./models.ts";

/** Element types, shapes and memory: what goes in and what comes out. */
export const dataCases: readonly RuntimeCase[] = [
  ...Object.values(edgeValues).map((value): RuntimeCase => ({
    name: `${value.dtype} comes back bit by bit, in the array that holds it`,
    check: (context) => expectUnchanged(context, value),
  })),
  {
    name: "a scalar stays a scalar",
    check: (context) => expectUnchanged(context, float32([], [2.5])),
  },
  {
    name: "a tensor without elements keeps its shape",
    check: (context) => expectUnchanged(context, zeros("float32", [2, 0, 3])),
  },
  {
    name: "a batch of no elements passes where the batch has a name",
    check: async ({ load }) => {
      const session = await load(identityModel("float32", ["N", 2]));
      const { y } = await session.run({ x: zeros("float32", [0, 2]) });
      expect(y.shape).toEqual([0, 2]);
      expect((await y.read()).data).toEqual(new Float32Array(0));
    },
  },
  {
    name: "one session takes batches of several sizes",
    check: async ({ load }) => {
      const session = await load(sumAndDifferenceModel());
      for (const rows of [1, 3, 2]) {
        const a = float32([rows, 2], Array.from({ length: rows * 2 }).fill(rows) as number[]);
        const { sum } = await session.run({ a, b: a }, ["sum"]);
        expect(await sum.read()).toEqual(
          float32(
            [rows, 2],
            Array.from(a.data, (value) => value * 2),
          ),
        );
      }
    },
  },
  {
    name: "a part of a larger array is fed as that part alone",
    check: async ({ load }) => {
      const session = await load(identityModel("float32", [3]));
      const part = Float32Array.of(9, 1, 2, 3, 9).subarray(1, 4);
      const { y } = await session.run({ x: float32([3], part) });
      expect((await y.read()).data).toEqual(Float32Array.of(1, 2, 3));
    },
  },
  {
    name: "an output shares no memory with what was fed, nor with the next run's",
    check: async ({ load }) => {
      const session = await load(identityModel("float32", [2]));
      const x = float32([2], [1, 2]);
      const first = await (await session.run({ x })).y.read();
      x.data.fill(7);
      const second = await (await session.run({ x })).y.read();
      expect(first.data).toEqual(Float32Array.of(1, 2));
      expect(second.data).toEqual(Float32Array.of(7, 7));
    },
  },
  {
    name: "a weight inside the model may have any offset in its array",
    check: async ({ load }) => {
      const weight = tensor("float32", [2], Float32Array.of(0, 3, 4).subarray(1));
      const session = await load(
        buildModel((g) => ({ y: g.op("Mul", [g.input("x", "float32", [2]), g.initializer("weight", weight)]) })),
      );
      const { y } = await session.run({ x: float32([2], [10, 100]) });
      expect((await y.read()).data).toEqual(Float32Array.of(30, 400));
    },
  },
  {
    name: "an output is fed back as it is, beside host tensors",
    check: async ({ load }) => {
      const session = await load(sumAndDifferenceModel(), { keepOnDevice: ["sum"] });
      const b = float32([1, 2], [1, 10]);
      let { sum } = await session.run({ a: float32([1, 2], [0, 0]), b }, ["sum"]);
      for (let step = 1; step < 5; step++) {
        const previous = sum;
        ({ sum } = await session.run({ a: previous, b }, ["sum"]));
        previous.dispose();
      }
      expect(await sum.read()).toEqual(float32([1, 2], [5, 50]));
      sum.dispose();
    },
  },
  {
    name: "an output that was read can still be fed and read again",
    check: async ({ load }) => {
      const session = await load(recurrenceModel(2, 2), { keepOnDevice: ["next"] });
      const { next } = await session.run({ state: float32([2], [1, 2]) });
      const [once, again] = await Promise.all([next.read(), next.read()]);
      const after = await session.run({ state: next });
      expect([once.data, again.data]).toEqual([Float32Array.of(3, 5), Float32Array.of(3, 5)]);
      expect((await after.next.read()).data).toEqual(Float32Array.of(7, 11));
      expect((await next.read()).data).toEqual(Float32Array.of(3, 5));
      [next, after.next].forEach((kept) => kept.dispose());
    },
  },
  {
    name: "an output may be read while it is fed to a run",
    check: async ({ load }) => {
      const session = await load(recurrenceModel(2, 2), { keepOnDevice: ["next"] });
      const { next } = await session.run({ state: float32([2], [1, 2]) });
      const [after, read, again] = await Promise.all([
        session.run({ state: next }, ["next"]),
        next.read(),
        session.run({ state: next }, ["next"]),
      ]);
      expect(read.data).toEqual(Float32Array.of(3, 5));
      for (const { next: result } of [after, again]) expect((await result.read()).data).toEqual(Float32Array.of(7, 11));
    },
  },
  {
    name: "an output may be disposed of twice, and while it is being read",
    check: async ({ load }) => {
      const session = await load(recurrenceModel(2, 2), { keepOnDevice: ["next"] });
      const { next } = await session.run({ state: float32([2], [1, 2]) });
      const reading = next.read();
      next.dispose();
      next.dispose();
      expect((await reading).data).toEqual(Float32Array.of(3, 5));
    },
  },
  {
    name: "an output in host memory outlives its session; one on a device may be disposed of once more",
    check: async ({ load }) => {
      const session = await load(recurrenceModel(2, 2), { keepOnDevice: ["next"] });
      const { next, largest } = await session.run({ state: float32([2], [1, 2]) });
      await session.release();
      expect((await largest.read()).data).toEqual(Float32Array.of(2));
      expect(() => next.dispose()).not.toThrow();
    },
  },
  {
    name: "a read that was asked for before its session's release is answered",
    check: async ({ load }) => {
      const session = await load(recurrenceModel(2, 2), { keepOnDevice: ["next"] });
      const { next } = await session.run({ state: float32([2], [1, 2]) });
      const [read] = await Promise.all([next.read(), session.release()]);
      expect(read.data).toEqual(Float32Array.of(3, 5));
    },
  },
  {
    name: "an output of one session is taken by another",
    check: async ({ load }) => {
      const [one, other] = [
        await load(recurrenceModel(2, 2), { keepOnDevice: ["next"] }),
        await load(recurrenceModel(2, 10)),
      ];
      const { next } = await one.run({ state: float32([2], [1, 2]) });
      const after = await other.run({ state: next });
      expect((await after.next.read()).data).toEqual(Float32Array.of(31, 51));
      next.dispose();
    },
  },
];

/** Sends a tensor through y = x and expects the very same bits. */
async function expectUnchanged({ load }: RuntimeContext, value: Tensor): Promise<void> {
  const session = await load(identityModel(value.dtype, value.shape));
  const { y } = await session.run({ x: value });
  const read = await y.read();
  expect([y.dtype, y.shape]).toEqual([value.dtype, value.shape]);
  expect([read.dtype, read.shape]).toEqual([value.dtype, value.shape]);
  expect(read.data.constructor).toBe(value.data.constructor);
  expect(bytesOf(read)).toEqual(bytesOf(value));
}
