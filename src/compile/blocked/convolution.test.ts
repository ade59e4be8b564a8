import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createNodeRuntime } from "../../runtime/node.ts";
import { createGraphBuilder } from "../../onnx/builder.ts";
import type { Graph } from "../../onnx/graph.ts";
import { windowCount } from "../../onnx/operators/window.ts";
import { blockedForThisMachine, expectAgreement, normalTensor } from "../../../test/support/compare-lowerings.ts";

const runtime = createNodeRuntime();
const blocked = await blockedForThisMachine(runtime);

interface Case {
  readonly batch: number;
  readonly groups: number;
  readonly inGroup: number;
  readonly outGroup: number;
  readonly extents: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly behindLayer: boolean;
  readonly bias: boolean;
}

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

/** Channels of a group and the number of groups, with the shapes that are blocked in different ways all likely. */
const channels = fc.oneof(
  fc.record({
    groups: fc.constant(1),
    inGroup: fc.integer({ min: 1, max: 40 }),
    outGroup: fc.integer({ min: 1, max: 40 }),
  }),
  fc.record({ groups: fc.constantFrom(1, 2), inGroup: fc.constantFrom(16, 32), outGroup: fc.constantFrom(16, 32) }),
  fc.record({
    groups: fc.integer({ min: 2, max: 40 }),
    inGroup: fc.constant(1),
    outGroup: fc.constantFrom(1, 1, 1, 2),
  }),
  fc.integer({ min: 2, max: 9 }).chain((groups) =>
    fc.record({
      groups: fc.constant(groups),
      inGroup: fc.constantFrom(2, 3, 4, 8),
      outGroup: fc.constantFrom(2, 3, 4, 8),
    }),
  ),
);

const cases: fc.Arbitrary<Case> = fc
  .record({
    batch: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(16, 32)),
    channels,
    extents: pair(1, 13),
    kernel: fc.oneof(pair(1, 5), fc.constantFrom([1, 1] as [number, number], [3, 3] as [number, number])),
    strides: fc.oneof(pair(1, 3), fc.constantFrom([1, 1] as [number, number], [2, 2] as [number, number])),
    dilations: fc.oneof(fc.constant([1, 1] as [number, number]), pair(1, 3)),
    pads: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)),
    behindLayer: fc.boolean(),
    bias: fc.boolean(),
  })
  .map(({ channels: { groups, inGroup, outGroup }, ...rest }) => ({ ...rest, groups, inGroup, outGroup }))
  .filter((each) => outputExtents(each).every((extent) => extent > 0));

function outputExtents({ extents, kernel, strides, dilations, pads }: Case): readonly number[] {
  const window = { kernel, strides, dilations, begins: pads.slice(0, 2), ends: pads.slice(2) };
  return extents.map((extent, axis) => windowCount(extent, window, axis));
}

/** A convolution with its two gradients, y's gradient given. */
function buildGraph(config: Case): Graph {
  const { batch, groups, inGroup, outGroup, extents, kernel, strides, dilations, pads, behindLayer, bias } = config;
  const g = createGraphBuilder("convolution");
  const input = g.input("x", "float32", [batch, groups * inGroup, ...extents]);
  const vector = (value: number) => g.fill(value, [groups * inGroup]);
  const x = behindLayer
    ? g.op("BatchNormalization", [input, vector(1), vector(0.5), vector(0), vector(1)], { epsilon: 0 })
    : input;
  const w = g.input("w", "float32", [groups * outGroup, inGroup, ...kernel]);
  const b = g.input("b", "float32", [groups * outGroup]);
  const attributes = { kernel_shape: kernel, strides, dilations, pads, group: groups };
  const y = g.op("Conv", bias ? [x, w, b] : [x, w], attributes);
  const dy = g.input("dy", "float32", y.shape);
  g.output("y", y);
  g.output("dx", g.op("ConvInputGradient", [dy, w], { ...attributes, input_extents: extents }));
  g.output("dw", g.op("ConvWeightGradient", [x, dy], attributes));
  return g.finish();
}

// Sums of up to 10,000 products in another order differ by about 1e-6 of their norm; a wrong one differs by about 1.
const TOLERANCE = 1e-5;

async function expectSame(config: Case): Promise<void> {
  const graph = buildGraph(config);
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, shape }) => [name, normalTensor(1, name, shape as number[])]),
  );
  await expectAgreement(runtime, blocked!, graph, feeds, { tolerance: TOLERANCE });
}

/** Planes too large for the cache, so that their weight gradients are summed in bands of rows. */
const large: Case = {
  batch: 3,
  groups: 1,
  inGroup: 32,
  outGroup: 48,
  extents: [48, 40],
  kernel: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  pads: [1, 1, 1, 1],
  behindLayer: true,
  bias: false,
};

test.skipIf(blocked === undefined).each<readonly [string, Partial<Case>]>([
  ["3×3", {}],
  ["1×1", { kernel: [1, 1], pads: [0, 0, 0, 0] }],
  ["3×3, stride 2", { strides: [2, 2], extents: [97, 80] }],
  [
    "7×7, stride 2, of an image",
    { inGroup: 3, kernel: [7, 7], strides: [2, 2], pads: [3, 3, 3, 3], extents: [96, 96] },
  ],
  ["3×3, dilated", { dilations: [2, 2], pads: [2, 2, 2, 2] }],
  ["3×3, uneven edges", { pads: [0, 2, 1, 0], extents: [49, 41] }],
  ["3×3, grouped", { groups: 2, inGroup: 16, outGroup: 32 }],
])("a convolution of large planes and its gradients agree with the portable lowering's: %s", async (_, changes) => {
  await expectSame({ ...large, ...changes });
});

/** Nodes of one place of Winograd's tiles: 16 for each part of the batch, in the forward pass and in the input's gradient. */
const tilePlaces = (config: Case): number =>
  blocked!
    .lower(buildGraph(config))
    .write()
    .nodes.filter(({ op, attributes }) => op === "Conv" && String(attributes.get("kernel_shape")?.value) === "2,2")
    .length;

const wide: Case = { ...large, batch: 11, inGroup: 160, outGroup: 144, extents: [20, 18], bias: true };

test.skipIf(blocked === undefined).each<readonly [string, Partial<Case>, number]>([
  ["even planes, a last part with fewer samples", {}, 3 * 32],
  ["odd planes, channels that fill no block", { inGroup: 150, outGroup: 163, extents: [15, 21], batch: 20 }, 4 * 32],
  ["one part", { batch: 4 }, 32],
  ["at most 32 parts", { batch: 34, inGroup: 64, outGroup: 64, extents: [64, 64] }, 17 * 32],
  ["tiles that fit no cache, few channels", { batch: 1, inGroup: 64, outGroup: 64, extents: [128, 128] }, 0],
  ["a border of another width", { pads: [1, 1, 1, 2] }, 0],
  ["few points", { batch: 1, extents: [6, 6] }, 0],
  ["few channels", { inGroup: 64, outGroup: 64 }, 0],
])("wide convolutions go by Winograd's tiles, and agree: %s", async (_, changes, places) => {
  const config = { ...wide, ...changes };
  expect(tilePlaces(config)).toBe(places);
  await expectSame(config);
});

test.skipIf(blocked === undefined)(
  "a convolution and its gradients agree with the portable lowering's, whatever the window, channels and groups",
  async () => {
    await fc.assert(fc.asyncProperty(cases, expectSame), {
      numRuns: Number(process.env["RUNS"] ?? 60),
      seed: Number(process.env["SEED"] ?? 1),
    });
  },
  600_000,
);
