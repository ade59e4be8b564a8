import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createGraphBuilder } from "../../onnx/builder.ts";
import { encodeModel } from "../../onnx/encode.ts";
import { toModel } from "../../compile/inference.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { float32 } from "../../tensor/tensor.ts";
import { randomStream } from "../../tensor/random.ts";
import { convolve, cosineOf, type Plane, walkBlocks } from "./blocks.ts";
import { chainProduct, formatFactor, residualProduct, traceChain } from "./chain.ts";
import { flowRatios, imagenetErrors, ourTypes, padOverProjectAll, wireRows } from "./published.ts";
import { askedBlock } from "./questions.ts";
import { judgeRace, lastLoss, raceBar, raceSettings } from "./race.ts";
import { raceRecord, recordedRaces } from "./race-record.ts";
import { describeType } from "./types.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

test("a chain of 56 layers of 0.9 leaves 0.00274; with wires and r = 0.02 they leave 2.72", () => {
  expect(formatFactor(chainProduct(56, 0.9))).toBe("0.00274");
  expect(formatFactor(residualProduct(56, 0.9, 0.02))).toBe("2.72");
  expect(traceChain(3, 2, 0.5).plain).toEqual([1, 2, 4, 8]);
  expect(traceChain(3, 2, 0.5).residual).toEqual([1, 2, 4, 8]);
});

test("factors are written with three digits, very small and large ones in powers of ten", () => {
  expect(formatFactor(chainProduct(54, 0.5))).toBe("5.6 × 10⁻¹⁷");
  expect(formatFactor(1213.4)).toBe("1210");
  expect(formatFactor(0)).toBe("0");
});

test("the lesson's convolution is ONNX Runtime's", async () => {
  const random = randomStream(0, "test");
  const [plane, weights] = [100, 36].map((count) => Float64Array.from({ length: count }, () => random.normal()));
  const g = createGraphBuilder("convolution");
  const x = g.input("x", "float32", [1, 1, 10, 10]);
  const w = g.input("w", "float32", [4, 1, 3, 3]);
  g.output("y", g.op("Conv", [x, w], { pads: [1, 1, 1, 1] }));
  const session = await createNodeRuntime().load(encodeModel(toModel(g.finish())));
  const { y } = await session.run({ x: float32([1, 1, 10, 10], plane), w: float32([4, 1, 3, 3], weights) }, ["y"]);
  const expected = (await y.read()).data as Float32Array;
  const found = convolve([plane], 10, weights).flatMap((each) => [...each]);
  expect(found).toHaveLength(expected.length);
  found.forEach((value, at) => expect(Math.abs(value - expected[at])).toBeLessThan(1e-5));
});

test("through eight untrained blocks a picture arrives with the wire, and is lost without it", () => {
  const values = Float64Array.from({ length: 100 }, (_, at) => (at % 10 === 4 ? 1 : 0));
  const input: Plane = { size: 10, values };
  const walk = (hasWire: boolean) => walkBlocks(input, { blocks: 8, hasWire, strength: 0.2, seed: 0 });
  expect(walk(true).planes).toHaveLength(9);
  expect(walk(true).cosines.at(-1)).toBeGreaterThan(0.7);
  expect(Math.abs(walk(false).cosines.at(-1)!)).toBeLessThan(0.6);
  expect(cosineOf(values, values)).toBeCloseTo(1, 12);
});

test("types: A costs nothing, B and C what the published counts say; shapes are the core's", () => {
  const [plain, pad, project, all] = (["plain", "pad", "project", "project-all"] as const).map(describeType);
  expect([plain, pad, project, all].map(({ parameters }) => parameters)).toEqual([269_722, 269_722, 272_474, 283_962]);
  expect(pad.multiplyAdds).toBe(plain.multiplyAdds);
  expect([plain, pad, project, all].map(({ changing }) => changing.shortcut)).toEqual([
    "none",
    "padded identity",
    "projection",
    "projection",
  ]);
  expect(all.keeping.shortcut).toBe("projection");
  expect(project.changing).toMatchObject({ inputShape: [16, 32, 32], outputShape: [32, 16, 16] });
});

interface Cells {
  readonly result: {
    readonly cells: readonly { readonly name: string; readonly median: number }[];
    readonly pairs: readonly {
      readonly better: string;
      readonly worse: string;
      readonly difference: number;
      readonly p: number;
    }[];
  };
}

test("the lesson's figures are those of docs/results and of the papers that the docs quote", () => {
  const types = (JSON.parse(read("docs/results/shortcut-types.json")) as Cells).result;
  for (const { name, median } of types.cells)
    expect(ourTypes[name as keyof typeof ourTypes]).toBeCloseTo(100 * median, 8);
  const lead = types.pairs.find(({ better, worse }) => better === "pad" && worse === "project-all")!;
  expect(lead.p).toBeCloseTo(padOverProjectAll.p, 3);
  expect(100 * lead.difference).toBeCloseTo(padOverProjectAll.difference, 1);
  const wires = (JSON.parse(read("docs/results/identity-mappings.json")) as Cells).result;
  const page = read("docs/results.md");
  for (const { record, accuracy } of wireRows)
    expect(wires.cells.find(({ name }) => name === record)!.median * 100).toBeCloseTo(accuracy, 8);
  const published = wireRows.flatMap(({ error }) => error ?? []);
  for (const error of [...published, ...Object.values(imagenetErrors)]) expect(page).toContain(`${error.toFixed(2)} %`);
  const flow = read("docs/gradient-flow.md");
  for (const { start, end } of [flowRatios.plain, flowRatios.residual])
    for (const ratio of [start, end]) expect(flow).toContain(ratio);
});

test("the question's block: zeros fill up the channels, and a 1×1 convolution has a weight for each pair", () => {
  const { inputShape, outputShape, zeroChannels, projectionWeights } = askedBlock;
  expect(zeroChannels).toBe(outputShape[0] - inputShape[0]);
  expect(projectionWeights).toBe(outputShape[0] * inputShape[0]);
});

test("a race is judged by the mean of its last ten losses, with the settings of the script", () => {
  expect(lastLoss([9, ...Array<number>(10).fill(2)])).toBe(2);
  expect(lastLoss([])).toBeUndefined();
  expect(judgeRace(2.3, 1.1)).toBe("residual");
  expect(judgeRace(0.4, 0.2)).toBe("both");
  expect(judgeRace(2.3, 2.3)).toBe("neither");
  expect(judgeRace(2.24, 1.87)).toBe("ahead");
  expect(judgeRace(1.9, 1.8)).toBe("unclear");
  const script = read("scripts/shortcut-race.mjs");
  const { steps, batch, rate } = raceSettings;
  expect(script).toContain(`steps: ${steps}, batch: ${batch}, rate: ${rate}`);
  expect(script).toContain(`lastSteps: ${raceBar.lastSteps}, plain: ${raceBar.plain}, residual: ${raceBar.residual}`);
});

interface RaceFile {
  readonly settings: object;
  readonly bar: { readonly lastSteps: number; readonly plain: number; readonly residual: number };
  readonly runs: readonly {
    readonly depth: number;
    readonly shortcut: string;
    readonly seed: number;
    readonly order: string;
    readonly lastLoss: number;
    readonly losses: readonly number[];
  }[];
}

test("what the page says of recorded races is what their record comes to", () => {
  const { settings, bar, runs } = JSON.parse(read("docs/results/shortcut-race.json")) as RaceFile;
  expect(settings).toEqual(raceSettings);
  expect(raceBar).toMatchObject(bar);
  for (const run of runs) expect(lastLoss(run.losses)).toBeCloseTo(run.lastLoss, 3);
  for (const { depth, plain, residual } of recordedRaces)
    for (const [shortcut, expected] of [
      ["plain", plain],
      ["pad", residual],
    ] as const) {
      // At depth 56 both orders were run, at the others one.
      for (const order of depth === 56 ? ["plain first", "residual first"] : ["plain first"]) {
        const found = runs.filter((run) => run.depth === depth && run.shortcut === shortcut && run.order === order);
        expect(found.map(({ lastLoss: loss }) => loss)).toEqual(expected);
      }
    }
  expect(raceRecord).toEqual({
    seeds: 5,
    plain: { lowest: 2.2764, highest: 2.3001, held: 5 },
    residual: { lowest: 0.5155, highest: 1.8022, held: 3 },
  });
});
