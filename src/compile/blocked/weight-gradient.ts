import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { BlockedContext, BlockedRule } from "./context.ts";
import { blockedSource, tapOf, writeConvolution } from "./convolution.ts";
import { type ConvolutionPlan, meetsInput } from "./convolution-plan.ts";
import { depthwiseWeightGradient } from "./depthwise.ts";
import { pad, reshape, roundUp, slice } from "./layout.ts";
import { clearPadding, constantIndices, gatherRows, weightLayout } from "./weight-layout.ts";

/**
 * The weight gradient Σ over (n, y, x) of dy[n,o,y,x]·x[n,i,y·s+k·d−p, …] is itself a convolution, in which
 * - the batch is what is summed over: it takes the place of the input channels,
 * - the blocks of x's channels take the place of the batch,
 * - a row of x with its channels inside, W·b long, is the row that the kernel slides along,
 * - dy is the kernel, as large as an output plane, dilated by the stride (and by b along the row),
 * - the places it takes are the taps: kh rows, and kw·b columns, one for each tap and channel within a block.
 */
interface GradientShape {
  readonly plan: ConvolutionPlan;
  /** Floats that a point of x's row takes: the block, or the channels of an image. */
  readonly pointSize: number;
  /** The batch, rounded up so that each part has whole blocks. */
  readonly batch: number;
  /** Parts of the batch that are summed apart, as groups, to give all threads work. */
  readonly parts: number;
  /** Zeros to add on each side of x: what the windows reach beyond it. Negative at the end: what they leave out. */
  readonly ends: readonly [bottom: number, right: number];
}

/** Units of work below which an odd number of them keeps a second thread waiting. */
const FEW_UNITS = 8;
/** Blocks of filters that ONNX Runtime computes together. */
const FILTER_SET = 4;

function gradientShape(plan: ConvolutionPlan): GradientShape {
  const { block, blockedGroups, inBlocks, outBlocks, input, output, kernel, strides, dilations, begins } = plan;
  const end = (axis: 0 | 1): number =>
    (output[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1 - input[axis] - begins[axis];
  const batch = roundUp(plan.batch, block);
  const units = inBlocks * blockedGroups * Math.ceil(outBlocks / FILTER_SET) * kernel[0];
  const parts = units < FEW_UNITS && units % 2 === 1 && batch % (2 * block) === 0 ? 2 : 1;
  const pointSize = plan.kind === "image" ? plan.inChannels : block;
  return { plan, pointSize, batch, parts, ends: [end(0), end(1)] };
}

/** x as rows [N, planes, H, W·pointSize], padded along the row and in the batch; cut where no window reaches. */
function padRows(c: BlockedContext, rows: Value, { plan, pointSize, batch, ends }: GradientShape): Value {
  const [N, planes, H, width] = shapeOf(rows) as readonly [number, number, number, number];
  const [left, right] = [plan.begins[1], ends[1]];
  const cut = Math.min(ends[0], 0);
  const extra = batch - N;
  if (extra === 0 && cut === 0 && pointSize === c.block && right >= 0) {
    if (left + right === 0) return rows;
    // A convolution pads on all threads, Pad on one.
    const image = reshape(c.g, rows, [N, planes * c.block, H, width / c.block]);
    const padded = writeConvolution(c, tapOf(c, image, { columns: [left, right] }));
    return reshape(c.g, padded, [N, planes, H, width + (left + right) * c.block]);
  }
  return pad(c.g, rows, [0, 0, 0, left * pointSize], [extra, 0, cut, right * pointSize]);
}

/** x with its batch in blocks: [blocks of a group, groups·N, H, Wp·pointSize] in ONNX Runtime's blocked layout. */
function blockBatch(c: BlockedContext, rows: Value, shape: GradientShape): Value {
  const { blockedGroups, inBlocks } = shape.plan;
  const padded = padRows(c, rows, shape);
  const [N, , H, width] = shapeOf(padded) as readonly [number, number, number, number];
  const target = [inBlocks, blockedGroups * N, H, width];
  if (inBlocks === 1 && blockedGroups === 1) return c.g.op("BlockedReorderInput", [reshape(c.g, padded, target)]);
  // Whole planes move: Gather copies them on all threads, Transpose on one.
  const planes = reshape(c.g, padded, [N * blockedGroups * inBlocks, H * width]);
  const order = c.memo(`planes/${N}/${blockedGroups}/${inBlocks}`, () =>
    constantIndices(c.g, transposedRows(N, blockedGroups, inBlocks)),
  );
  return c.g.op("BlockedReorderInput", [reshape(c.g, gatherRows(c.g, planes, order), target)]);
}

/** The rows of [N, G, I, …] in the order [I, G, N, …]. */
function transposedRows(N: number, groups: number, blocks: number): Int32Array {
  const rows = new Int32Array(N * groups * blocks);
  return rows.map((_, at) => {
    const [n, group, block] = [at % N, Math.floor(at / N) % groups, Math.floor(at / N / groups)];
    return (n * groups + group) * blocks + block;
  });
}

function inputRows(c: BlockedContext, name: string, x: Value, { plan }: GradientShape): Value {
  const { batch, inChannels, input, block, blockedGroups, inBlocks } = plan;
  if (plan.kind !== "image") return reshape(c.g, x, [batch, blockedGroups * inBlocks, input[0], input[1] * block]);
  const pointsLast = c.memo(`points-last/${name}`, () => c.g.op("Transpose", [x], { perm: [0, 2, 3, 1] }));
  return reshape(c.g, pointsLast, [batch, 1, input[0], input[1] * inChannels]);
}

/** Rows of dy's memory [N·OB·OH·OW, b] in the order (group, part, output block, batch block, place, n within). */
function kernelRows({ plan, batch, parts }: GradientShape): Int32Array {
  const { block, blockedGroups, outBlocks, output } = plan;
  const places = output[0] * output[1];
  const allBlocks = blockedGroups * outBlocks;
  const partSize = batch / parts;
  const rows = new Int32Array(batch * allBlocks * places);
  let at = 0;
  for (let group = 0; group < blockedGroups; group++) {
    for (let part = 0; part < parts; part++) {
      for (let out = group * outBlocks; out < (group + 1) * outBlocks; out++) {
        for (let first = part * partSize; first < (part + 1) * partSize; first += block) {
          for (let place = 0; place < places; place++) {
            for (let n = first; n < first + block; n++) {
              // Beyond the batch x is zero, so that any sample of dy will do.
              rows[at++] = (Math.min(n, plan.batch - 1) * allBlocks + out) * places + place;
            }
          }
        }
      }
    }
  }
  return rows;
}

/** dy as the kernel [groups·parts·O, N/parts, OH, OW]. */
function gradientKernel(c: BlockedContext, dyName: string, shape: GradientShape): Value {
  const { plan, batch, parts } = shape;
  const { block, blockedGroups, outBlocks, output } = plan;
  const key = [plan.batch, batch, parts, blockedGroups, outBlocks, ...output].join();
  return c.memo(`gradient-kernel/${dyName}/${key}`, () => {
    const memory = reshape(c.g, c.blocked(dyName), [
      plan.batch * blockedGroups * outBlocks * output[0] * output[1],
      block,
    ]);
    const order = c.memo(`kernel-rows/${key}`, () => constantIndices(c.g, kernelRows(shape)));
    const kernel = gatherRows(c.g, memory, order);
    return reshape(c.g, kernel, [blockedGroups * parts * outBlocks * block, batch / parts, ...output]);
  });
}

/** From the convolution's result to the stored layout: sums the parts, picks the taps, puts the blocks in order. */
function storeGradient(c: BlockedContext, result: Value, { plan, pointSize, parts }: GradientShape): Value {
  const { g } = c;
  const { block, blockedGroups, inBlocks, outBlocks, kernel, dilations, inChannels } = plan;
  const { shape } = weightLayout(plan);
  const [kh, kw] = kernel;
  const span = (kw - 1) * dilations[1] + 1;
  const row = span * pointSize * block;
  const summed =
    parts === 1
      ? result
      : g.op("ReduceSum", [reshape(g, result, [inBlocks * blockedGroups, parts, outBlocks * kh * row]), g.ints([1])], {
          keepdims: 0,
        });
  const outs = blockedGroups * outBlocks;
  const taps =
    dilations[1] === 1
      ? summed
      : slice(g, reshape(g, summed, [inBlocks * outs * kh, span, pointSize * block]), 1, 0, span, dilations[1]);
  if (plan.kind === "image") {
    const points = reshape(g, taps, [outs, kh * kw, inChannels, block]);
    return reshape(g, g.op("Transpose", [points], { perm: [0, 2, 1, 3] }), shape);
  }
  if (inBlocks === 1 || outs === 1) return reshape(g, taps, shape);
  const tiles = reshape(g, taps, [inBlocks, outs, kh * kw * block * block]);
  return reshape(g, g.op("Transpose", [tiles], { perm: [1, 0, 2] }), shape);
}

function denseWeightGradient(c: BlockedContext, xName: string, dyName: string, plan: ConvolutionPlan): Value {
  const source = plan.kind === "image" ? { x: c.plain(xName), plan } : blockedSource(c, xName, plan);
  const shape = gradientShape(source.plan);
  const { begins, output, strides, dilations, blockedGroups } = source.plan;
  const key = [source.x.name, shape.batch, ...begins, ...shape.ends, blockedGroups].join();
  const x = c.memo(`blocked-batch/${key}`, () => blockBatch(c, inputRows(c, xName, source.x, shape), shape));
  const result = c.g.op("BlockedConv", [x, gradientKernel(c, dyName, shape)], {
    kernel_shape: output,
    dilations: [strides[0], strides[1] * shape.pointSize],
    strides: [dilations[0], 1],
    pads: [begins[0], 0, Math.max(shape.ends[0], 0), 0],
    group: blockedGroups * shape.parts,
  });
  return storeGradient(c, result, shape);
}

export const convWeightGradient: BlockedRule<"ConvWeightGradient"> = (c, { node, inputs: [x, dy], outputs: [dw] }) => {
  const plan = c.planOf(node);
  if (plan === undefined || !meetsInput(plan)) return false;
  const layout = weightLayout(plan);
  const value =
    plan.kind === "depthwise"
      ? depthwiseWeightGradient(c, c.blocked(x), c.blocked(dy), plan)
      : denseWeightGradient(c, x, dy, plan);
  // Merged groups also get the products of one group's input with another's output.
  const cleared = plan.groups > 1 && plan.kind === "dense" ? clearPadding(c.g, value, layout) : value;
  c.define(dw, { stored: { value: cleared, layout, padding: "zero" } });
  return true;
};
