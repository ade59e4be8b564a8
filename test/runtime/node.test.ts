import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test } from "vitest";
import { portable } from "../../src/compile/portable/lowering.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import type { RuntimeTensor } from "../../src/runtime/runtime.ts";
import { OptionError } from "../../src/tensor/errors.ts";
import { float32, zeros } from "../../src/tensor/tensor.ts";
import { recurrenceModel, sumAndDifferenceModel } from "./models.ts";
import { runtimeSuite } from "./suite.ts";

runtimeSuite("node", createNodeRuntime, {
  session: { threads: 2 },
  lowering: portable,
  readGolden: (name) => readFile(new URL(`../golden/${name}`, import.meta.url)),
});

test.each([0, -1, 1.5, Number.NaN, 1e6])("%s threads are refused", async (threads) => {
  const loading = createNodeRuntime().load(sumAndDifferenceModel(), { threads });
  await expect(loading).rejects.toThrow(OptionError);
  await expect(loading).rejects.toThrow(
    new RegExp(`^threads: must be a whole number from 1 to \\d+ \\(4 for each of .+\\), got ${threads}$`),
  );
});

test("an output's elements are read where ONNX Runtime wrote them, without a copy", async () => {
  const session = await createNodeRuntime().load(sumAndDifferenceModel());
  onTestFinished(() => session.release());
  const { sum } = await session.run({ a: float32([1, 2], [1, 2]), b: float32([1, 2], [3, 4]) });
  expect((await sum.read()).data).toBe((await sum.read()).data);
});

test("a profile is written to a file of the given name when it is ended", async () => {
  const folder = await mkdtemp(join(tmpdir(), "residua-profile-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const session = await createNodeRuntime().load(sumAndDifferenceModel(), { profile: join(folder, "sums") });
  onTestFinished(() => session.release());
  await session.run({ a: float32([1, 2], [1, 2]), b: float32([1, 2], [3, 4]) });
  session.endProfiling();
  const [name, ...others] = await readdir(folder);
  expect([name.startsWith("sums"), others]).toEqual([true, []]);
  expect(await readFile(join(folder, name), "utf8")).toContain("Add");
});

test("300 runs that are fed their own 4 MB outputs leave nothing behind", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const length = 2 ** 20;
  const session = await createNodeRuntime().load(recurrenceModel(length, 0.5), { threads: 1 });
  onTestFinished(() => session.release());
  const step = async (times: number, start: RuntimeTensor): Promise<RuntimeTensor> => {
    let state = start;
    for (let run = 0; run < times; run++) ({ next: state } = await session.run({ state }, ["next"]));
    collectGarbage();
    return state;
  };
  const first = await session.run({ state: zeros("float32", [length]) }, ["next"]);
  const warm = await step(30, first.next);
  const before = process.memoryUsage.rss();
  const last = await step(300, warm);
  const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
  expect((await last.read()).data[0]).toBe(2);
  // 300 outputs are 1200 MB; the bound is a tenth of what one leak a run would show, and far above the heap's breathing.
  expect(grown).toBeLessThan(120);
});
