import { expect } from "vitest";
import type { Session, SessionOptions } from "../../src/runtime/runtime.ts";
import { randomStream } from "../../src/tensor/random.ts";
import { bytesOf, float32, type Tensor } from "../../src/tensor/tensor.ts";
import type { RuntimeCase } from "./case.ts";
import { manyInputsModel, matrixPowerModel, recurrenceModel, sumAndDifferenceModel } from "./models.ts";

const pair = { a: float32([1, 2], [5, 7]), b: float32([1, 2], [1, 2]) };
const optionSets: readonly SessionOptions[] = [
  { memoryPattern: true, memoryArena: false },
  { graphOptimization: "disabled" },
  { graphOptimization: "basic" },
  { graphOptimization: "extended" },
];

/** Sessions: what they say of themselves, several of them, and their end. */
export const sessionCases: readonly RuntimeCase[] = [
  {
    name: "inputs and outputs are listed in the model's order",
    check: async ({ load }) => {
      const session = await load(sumAndDifferenceModel());
      expect(session.inputNames).toEqual(["a", "b"]);
      expect(session.outputNames).toEqual(["sum", "difference"]);
    },
  },
  {
    name: "all outputs come where none is named, else those named alone",
    check: async ({ load }) => {
      const session = await load(sumAndDifferenceModel(), { keepOnDevice: ["sum"] });
      expect(Object.keys(await session.run(pair)).toSorted()).toEqual(["difference", "sum"]);
      const named = await session.run(pair, ["difference"]);
      expect(Object.keys(named)).toEqual(["difference"]);
      expect((await named["difference"].read()).data).toEqual(Float32Array.of(4, 5));
    },
  },
  {
    name: "outputs carry their own names, in whatever order they are asked for",
    check: async ({ load }) => {
      const session = await load(sumAndDifferenceModel(), { keepOnDevice: ["difference"] });
      const { sum, difference } = await session.run(pair, ["difference", "sum"]);
      expect((await sum.read()).data).toEqual(Float32Array.of(6, 9));
      expect((await difference.read()).data).toEqual(Float32Array.of(4, 5));
      difference.dispose();
    },
  },
  {
    name: "the same run gives the same bits",
    check: async ({ load }) => {
      const session = await load(matrixPowerModel(64, 3));
      const x = normalMatrix(64);
      const [first, second] = [await readY(session, x), await readY(session, x)];
      expect(bytesOf(second)).toEqual(bytesOf(first));
    },
  },
  {
    name: "memory and rewriting options change no result",
    check: async ({ load }) => {
      const x = normalMatrix(16);
      const wanted = await readY(await load(matrixPowerModel(16, 3)), x);
      for (const options of optionSets) {
        const found = await readY(await load(matrixPowerModel(16, 3), options), x);
        expect(bytesOf(found), JSON.stringify(options)).toEqual(bytesOf(wanted));
      }
    },
  },
  {
    name: "two sessions that are asked at once answer for themselves",
    check: async ({ load }) => {
      const [doubles, triples] = await Promise.all([load(recurrenceModel(2, 2)), load(recurrenceModel(2, 3))]);
      const state = float32([2], [1, 2]);
      const sessions = Array.from({ length: 6 }, (_, index) => (index % 2 === 0 ? doubles : triples));
      const results = await Promise.all(sessions.map((session) => session.run({ state }, ["next"])));
      const read = await Promise.all(results.map(async ({ next }) => [...((await next.read()).data as Float32Array)]));
      expect(read).toEqual(sessions.map((session) => (session === doubles ? [3, 5] : [4, 7])));
    },
  },
  {
    name: "runs with many inputs that are asked for at once do not disturb each other",
    check: async ({ load }) => {
      const counts = [90, 60];
      const sessions = await Promise.all(counts.map((count) => load(manyInputsModel(count))));
      const feeds = (count: number, value: number): Record<string, Tensor> =>
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${index}`, float32([2], [value, index])]));
      const asked = [1, 2, 3].flatMap((value) =>
        sessions.map((session, which) => ({ session, count: counts[which], value })),
      );
      const sums = await Promise.all(
        asked.map(async ({ session, count, value }) => {
          const { y } = await session.run(feeds(count, value));
          return [...((await y.read()).data as Float32Array)];
        }),
      );
      expect(sums).toEqual(asked.map(({ count, value }) => [count * value, (count * (count - 1)) / 2]));
    },
  },
  {
    name: "a failed run leaves the session usable",
    check: async ({ load }) => {
      const session = await load(sumAndDifferenceModel());
      // Rows of 2 and of 3 do not add; only the run can tell, since the model leaves their number open.
      const rows = (count: number): Tensor => float32([count, 2], new Float32Array(2 * count));
      await expect(session.run({ a: rows(2), b: rows(3) })).rejects.toThrow("run: ONNX Runtime refused");
      const { sum } = await session.run(pair, ["sum"]);
      expect((await sum.read()).data).toEqual(Float32Array.of(6, 9));
    },
  },
  {
    name: "a release waits for the runs in flight, which end well",
    check: async ({ load }) => {
      const session = await load(matrixPowerModel(128, 12));
      const order: string[] = [];
      const identity = float32(
        [128, 128],
        Float32Array.from({ length: 128 ** 2 }, (_, at) => (at % 129 === 0 ? 1 : 0)),
      );
      const runs = ["first", "second"].map(async (name) => {
        const { y } = await session.run({ x: identity });
        order.push(name);
        return y.read();
      });
      await session.release().then(() => order.push("release"));
      for (const result of await Promise.all(runs)) expect(result.data).toEqual(identity.data);
      expect(order).toEqual(["first", "second", "release"]);
    },
  },
  {
    name: "a session may be released twice, also at once",
    check: async ({ load }) => {
      const session = await load(sumAndDifferenceModel());
      await Promise.all([session.release(), session.release()]);
      await expect(session.release()).resolves.toBeUndefined();
    },
  },
  {
    name: "releasing one session leaves another usable",
    check: async ({ load }) => {
      const [gone, kept] = [await load(sumAndDifferenceModel()), await load(sumAndDifferenceModel())];
      await gone.release();
      const { sum } = await kept.run(pair, ["sum"]);
      expect((await sum.read()).data).toEqual(Float32Array.of(6, 9));
    },
  },
];

function normalMatrix(size: number): Tensor<"float32"> {
  const stream = randomStream(1, "runtime suite");
  const values = Float32Array.from({ length: size * size }, () => stream.normal());
  return float32([size, size], values);
}

async function readY(session: Session, x: Tensor): Promise<Tensor> {
  return (await session.run({ x })).y.read();
}
