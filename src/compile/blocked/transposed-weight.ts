import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { BlockedContext } from "./context.ts";
import type { ConvolutionPlan } from "./convolution-plan.ts";
import { reshape } from "./layout.ts";
import { constantIndices, gatherRows } from "./weight-layout.ts";

/**
 * The weight's transposed tiles, as rows: [O/b·C'/b·kh·kw, b(o)·b(i)]. Shared by everything computed from one weight.
 */
function turnedTiles(c: BlockedContext, weight: Value, { block }: ConvolutionPlan): Value {
  return c.memo(`turned-tiles/${weight.name}`, () => {
    const [out, inGroup, kh, kw] = shapeOf(weight) as readonly [number, number, number, number];
    const count = (out / block) * (inGroup / block) * kh * kw;
    const turned = c.g.op("BlockedReorderInput", [reshape(c.g, weight, [count, block, 1, block])]);
    return reshape(c.g, turned, [count, block * block]);
  });
}

/** For every row of the result, the index of its tile. A tap of −1 is a tile of zeros. */
function tileRows(plan: ConvolutionPlan, tapsByPhase: readonly (readonly number[])[]): Int32Array {
  const { blockedGroups, inBlocks, outBlocks, kernel } = plan;
  const count = kernel[0] * kernel[1];
  const zero = blockedGroups * outBlocks * inBlocks * count;
  const rows: number[] = [];
  for (let group = 0; group < blockedGroups; group++) {
    for (const taps of tapsByPhase) {
      for (let inBlock = 0; inBlock < inBlocks; inBlock++) {
        for (let out = group * outBlocks; out < (group + 1) * outBlocks; out++) {
          for (const tap of taps) rows.push(tap < 0 ? zero : (out * inBlocks + inBlock) * count + tap);
        }
      }
    }
  }
  return Int32Array.from(rows);
}

/** The weight of an input gradient, of `phases` times the input's channels. */
export function gradientWeight(
  c: BlockedContext,
  weight: Value,
  plan: ConvolutionPlan,
  kernel: readonly [number, number],
  tapsByPhase: readonly (readonly number[])[],
): Value {
  const { block, blockedGroups, inBlocks, outBlocks } = plan;
  const tiles = turnedTiles(c, weight, plan);
  const needsZero = tapsByPhase.some((taps) => taps.includes(-1));
  const source = needsZero
    ? c.memo(`tiles-with-zero/${weight.name}`, () =>
        c.g.op("Concat", [tiles, c.g.fill(0, [1, block * block])], { axis: 0 }),
      )
    : tiles;
  const rows = gatherRows(c.g, source, constantIndices(c.g, tileRows(plan, tapsByPhase)));
  return reshape(c.g, rows, [blockedGroups * tapsByPhase.length * inBlocks * block, outBlocks * block, ...kernel]);
}
