import type { Value } from "../../onnx/graph.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { BlockedContext, Contribution, Phase, StridedGradient } from "./context.ts";
import type { ConvolutionPlan } from "./convolution-plan.ts";
import { gradientWeight } from "./transposed-weight.ts";
import { declaredShape, reshape } from "./layout.ts";
import { constantIndices, gatherRows } from "./weight-layout.ts";

/** The sum of two strided gradients, if they have the same phases. */
export function joinStrided(a: StridedGradient, b: StridedGradient): StridedGradient | undefined {
  const fit = a.strides.join() === b.strides.join() && a.groups === 1 && b.groups === 1;
  return fit ? { ...a, contributions: [...a.contributions, ...b.contributions] } : undefined;
}

const phasesOf = ([down, across]: readonly [number, number]): readonly Phase[] =>
  Array.from({ length: down * across }, (_, index) => [Math.floor(index / across), index % across]);

/** Points of a phase: [⌈H/s⌉, ⌈W/s⌉]. The last may lie beyond the plane and are cropped. */
export function phaseExtents(extents: Shape, strides: Shape): readonly [number, number] {
  return [Math.ceil(extents[0] / strides[0]), Math.ceil(extents[1] / strides[1])];
}

/** For one axis and one phase: the taps that meet it, by the offset of dy's point from the phase's. */
function tapsByOffset(plan: ConvolutionPlan, axis: 0 | 1, phase: number): ReadonlyMap<number, number> {
  const { kernel, strides, dilations, begins } = plan;
  const taps = Array.from(
    { length: kernel[axis] },
    (_, tap) => [phase + begins[axis] - dilations[axis] * tap, tap] as const,
  );
  return new Map(taps.filter(([at]) => at % strides[axis] === 0).map(([at, tap]) => [at / strides[axis], tap]));
}

/** Offsets from dy's point that a convolution for these phases has to span, wide enough for paddings not to be negative. */
function spanOffsets(plan: ConvolutionPlan, axis: 0 | 1, phases: readonly number[]): { low: number; high: number } {
  const offsets = phases.flatMap((phase) => [...tapsByOffset(plan, axis, phase).keys()]);
  const extent = Math.ceil(plan.input[axis] / plan.strides[axis]);
  return { low: Math.min(0, ...offsets), high: Math.max(plan.output[axis] - extent, ...offsets) };
}

/** The share of a convolution's input gradient. */
export function convolutionContribution(dy: Value, weight: Value, plan: ConvolutionPlan): Contribution {
  const write: Contribution["write"] = (c, phases, sum) => {
    const axes = ([0, 1] as const).map((axis) => {
      const { low, high } = spanOffsets(
        plan,
        axis,
        phases.map((phase) => phase[axis]),
      );
      const extent = Math.ceil(plan.input[axis] / plan.strides[axis]);
      return { low, length: high - low + 1, before: -low, after: extent - plan.output[axis] + high };
    });
    const [rows, columns] = axes as [(typeof axes)[0], (typeof axes)[0]];
    const tapsByPhase = phases.map(([row, column]) => {
      const down = tapsByOffset(plan, 0, row);
      const across = tapsByOffset(plan, 1, column);
      return Array.from({ length: rows.length * columns.length }, (_, at) => {
        const vertical = down.get(rows.low + Math.floor(at / columns.length));
        const horizontal = across.get(columns.low + (at % columns.length));
        return vertical === undefined || horizontal === undefined ? -1 : vertical * plan.kernel[1] + horizontal;
      });
    });
    const kernel = [rows.length, columns.length] as const;
    const filter = gradientWeight(c, weight, plan, kernel, tapsByPhase);
    return c.g.op("BlockedConv", sum ? [dy, filter, undefined, sum] : [dy, filter], {
      kernel_shape: kernel,
      pads: [rows.before, columns.before, rows.after, columns.after],
      strides: [1, 1],
      dilations: [1, 1],
      group: plan.blockedGroups,
    });
  };
  return {
    reaches: (phase) => ([0, 1] as const).every((axis) => tapsByOffset(plan, axis, phase[axis]).size > 0),
    write,
  };
}

/** Groups neighbouring phases reached by the same contributions, so that one convolution can write them together. */
function groupPhases({
  strides,
  contributions,
}: StridedGradient): readonly { phases: Phase[]; from: readonly Contribution[] }[] {
  const runs: { phases: Phase[]; from: readonly Contribution[] }[] = [];
  for (const phase of phasesOf(strides)) {
    const from = contributions.filter((contribution) => contribution.reaches(phase));
    const last = runs.at(-1);
    if (last && last.from.length === from.length && last.from.every((each, index) => each === from[index]))
      last.phases.push(phase);
    else runs.push({ phases: [phase], from });
  }
  return runs;
}

/** Writes all phases and interleaves them. */
export function writeStrided(c: BlockedContext, gradient: StridedGradient): Value {
  const { g, block } = c;
  const [N, C, H, W] = declaredShape(gradient.shape, block) as readonly [number, number, number, number];
  const extents = phaseExtents([H, W], gradient.strides);
  // With groups, each group holds all phases, so they must be written at once.
  const runs =
    gradient.groups > 1
      ? [{ phases: [...phasesOf(gradient.strides)], from: gradient.contributions }]
      : groupPhases(gradient);
  const planes = runs.map(({ phases, from }) => {
    const sum = from.reduce<Value | undefined>(
      (written, contribution) => contribution.write(c, phases, written),
      undefined,
    );
    return sum ?? g.op("Expand", [g.fill(0), g.ints([N, phases.length * C, ...extents])]);
  });
  const joined = planes.length === 1 ? planes[0] : g.op("Concat", planes, { axis: 1 });
  return interleave(c, joined, gradient);
}

/**
 * [N, groups, phases, C', ⌈H/s⌉, ⌈W/s⌉] → [N,C,H,W], moving a point's channels at a time.
 *
 * @param options `extents`, if the phases have fewer points: in each group a block of zeros then follows the phases, for the
 *   points beyond
 */
export function interleave(
  c: BlockedContext,
  planes: Value,
  {
    shape,
    strides,
    groups,
    extents,
  }: Pick<StridedGradient, "shape" | "strides" | "groups"> & { readonly extents?: Shape },
): Value {
  const { g, block } = c;
  const declared = declaredShape(shape, block);
  const [N, C, H, W] = declared as readonly [number, number, number, number];
  const whole = phaseExtents([H, W], strides);
  const [height, width] = extents ?? whole;
  const blocks = C / block / groups;
  const phases = strides[0] * strides[1];
  const planesPerGroup = phases * blocks + (height < whole[0] || width < whole[1] ? 1 : 0);
  const rows = c.memo(`interleave/${[...shape, ...strides, groups, height, width].join()}`, () => {
    const indices = new Int32Array(N * groups * blocks * H * W);
    let at = 0;
    for (let outer = 0; outer < N * groups; outer++) {
      for (let inner = 0; inner < blocks; inner++) {
        for (let y = 0; y < H; y++) {
          for (let x = 0; x < W; x++) {
            const phase = (y % strides[0]) * strides[1] + (x % strides[1]);
            const [row, column] = [Math.floor(y / strides[0]), Math.floor(x / strides[1])];
            const isBeyond = row >= height || column >= width;
            const plane = outer * planesPerGroup + (isBeyond ? phases * blocks : phase * blocks + inner);
            indices[at++] = plane * height * width + (isBeyond ? 0 : row * width + column);
          }
        }
      }
    }
    return constantIndices(g, indices);
  });
  const points = reshape(g, planes, [N * groups * planesPerGroup * height * width, block]);
  return reshape(g, gatherRows(g, points, rows), declared);
}

/** The share of a value that is already at the phase's resolution, in the first phase. */
export function plainContribution(value: Value): Contribution {
  return {
    reaches: ([row, column]) => row === 0 && column === 0,
    write: (c, _, sum) => (sum ? c.g.op("Add", [sum, value]) : value),
  };
}
