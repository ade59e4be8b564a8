import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { BlockedContext, BlockedRule } from "./context.ts";
import { blockedSource, tapOf, writeConvolution } from "./convolution.ts";
import { type ConvolutionPlan, meetsInput } from "./convolution-plan.ts";
import { depthwiseWeightGradient } from "./depthwise.ts";
import { pad, reshape, roundUp, slice } from "./layout.ts";
import { outputGradient, scaleFilters } from "./scaled.ts";
import { clearPadding, constantIndices, gatherRows, weightLayout } from "./weight-layout.ts";

/**
 * The weight gradient Σ over (n, y, x) of dy[n,o,y,x]·x[n,i,y·s+k·d−p, …] is itself a convolution, in which
 * - the batch is summed over: it takes the place of the input channels,
 * - the blocks of x's channels take the place of the batch,
 * - a row of x including its channels, W·b long, is the row along which the kernel slides,
 * - dy is the kernel, as large as an output plane, dilated by the stride (and by b along the row),
 * - its positions are the taps: kh rows, and kw·b columns, one for each tap and channel within a block.
 */
interface GradientShape {
  readonly plan: ConvolutionPlan;
  /** Floats per point of a row of x: the block, or the channels of an image. */
  readonly pointSize: number;
  /**
   * Bands of output rows that count as samples of their own: each fits into the cache, and fewer samples consist of
   * zeros.
   */
  readonly bands: number;
  /** Samples that are summed over: batch · bands, rounded up so that each part has whole blocks. */
  readonly samples: number;
  /**
   * Parts of the samples that are summed separately, as groups: an odd number of rows would leave a thread idle, and
   * each half of dy is rearranged by the thread that computed it, from its own cache.
   */
  readonly parts: number;
  /** Zeros to append to x: how far the windows reach beyond it. Negative if they do not reach its end. */
  readonly ends: readonly [bottom: number, right: number];
}

/** How many times larger than the weight dy must be to be split into parts, since their results have to be added up. */
const WORTH_PARTS = 4;
/** Blocks of filters that ONNX Runtime computes together. */
const FILTER_SET = 4;

/**
 * Bytes that a core's second-level cache is assumed to hold. A block of samples is read again for every few taps: its
 * part of dy, for the filters computed together, and its part of x.
 */
const CACHE_BYTES = 1.25 * 2 ** 20;
/** How many times x's rows may be copied because bands overlap. */
const MOST_OVERLAP = 2.5;
/**
 * How much better bands must fit into the cache than planes of x that need not be moved at all, since the rows of bands
 * are copied.
 */
const WORTH_COPYING = 2;

/**
 * The fewest bands, of equal height, whose samples fit into the cache and fill their blocks; if no number of bands
 * does, the one that comes closest.
 */
function chooseBands(plan: ConvolutionPlan, pointSize: number): number {
  const { batch, block, outBlocks, output, strides, dilations, kernel, begins } = plan;
  const [rows, columns] = output;
  const width = columns * strides[1] + 2 * begins[1];
  const assess = (bands: number): { readonly misfit: number; readonly fill: number; readonly overlap: number } => {
    const height = rows / bands;
    const taken = (height - 1) * strides[0] + (kernel[0] - 1) * dilations[0] + 1;
    const places = height * columns * block * Math.min(outBlocks, FILTER_SET) + taken * width * pointSize;
    const samples = batch * bands;
    return {
      misfit: Math.max(1, (places * block * Float32Array.BYTES_PER_ELEMENT) / CACHE_BYTES),
      fill: samples / roundUp(samples, block),
      overlap: taken / (height * strides[0]),
    };
  };
  const whole = assess(1);
  // One plane per sample already has the required layout; several must be reordered anyway.
  const isOnePlane = plan.inBlocks * plan.blockedGroups === 1;
  if (isOnePlane && whole.fill === 1 && whole.misfit < WORTH_COPYING) return 1;
  let [best, found] = [1, whole];
  for (let bands = 2; bands <= rows; bands++) {
    if (rows % bands !== 0) continue;
    const next = assess(bands);
    if (next.overlap > MOST_OVERLAP) continue;
    if (next.fill / next.misfit > found.fill / found.misfit) [best, found] = [bands, next];
  }
  return best;
}

function gradientShape(plan: ConvolutionPlan): GradientShape {
  const { batch, block, input, output, kernel, strides, dilations, begins, inChannels, outChannels, groups } = plan;
  const end = (axis: 0 | 1): number =>
    (output[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1 - input[axis] - begins[axis];
  const pointSize = plan.kind === "image" ? inChannels : block;
  const bands = chooseBands(plan, pointSize);
  const samples = roundUp(batch * bands, block);
  const weightSize = (outChannels * inChannels * sizeOf(kernel)) / groups;
  const isWorthParts = batch * outChannels * sizeOf(output) >= WORTH_PARTS * weightSize;
  const parts = isWorthParts && samples % (2 * block) === 0 ? 2 : 1;
  return { plan, pointSize, bands, samples, parts, ends: [end(0), end(1)] };
}

/** Whether x's planes can stay whole, with the convolution itself adding the rows of zeros. */
function keepsPlanes({ plan, bands, samples, ends }: GradientShape): boolean {
  return bands === 1 && samples === plan.batch && ends[0] >= 0;
}

/** x's rows [N, planes, H, W·pointSize] with zeros around: above and below too if rows are to be picked. */
function padRows(c: BlockedContext, rows: Value, shape: GradientShape): Value {
  const { plan, pointSize, samples, bands, ends } = shape;
  const [N, planes, H, width] = shapeOf(rows) as readonly [number, number, number, number];
  const spare = samples > plan.batch * bands ? 1 : 0;
  const [top, bottom] = keepsPlanes(shape) ? [0, 0] : [plan.begins[0], Math.max(ends[0], 0) + spare];
  const [left, right] = [plan.begins[1], ends[1]];
  if ([top, left, bottom, right].every((by) => by === 0)) return rows;
  if (pointSize !== c.block || right < 0) {
    return pad(c.g, rows, [0, 0, top, left * pointSize], [0, 0, bottom, right * pointSize]);
  }
  // A convolution pads on all threads, Pad on one only.
  const image = reshape(c.g, rows, [N, planes * c.block, H, width / c.block]);
  const padded = writeConvolution(c, tapOf(c, image, { pads: [top, left, bottom, right] }));
  return reshape(c.g, padded, [N, planes, H + top + bottom, width + (left + right) * c.block]);
}

/** x with its samples in blocks: [blocks of a group, groups·samples, rows, Wp·pointSize] in ONNX Runtime's blocked layout. */
function blockSamples(c: BlockedContext, rows: Value, shape: GradientShape): Value {
  const { plan, samples, bands } = shape;
  const { blockedGroups, inBlocks } = plan;
  const padded = padRows(c, rows, shape);
  const [N, planes, H, width] = shapeOf(padded) as readonly [number, number, number, number];
  if (keepsPlanes(shape)) {
    const target = [inBlocks, blockedGroups * N, H, width];
    if (planes === 1) return c.g.op("BlockedReorderInput", [reshape(c.g, padded, target)]);
    // Whole planes move: Gather copies them on all threads, Transpose on one.
    const order = c.memo(`planes/${N}/${blockedGroups}/${inBlocks}`, () =>
      constantIndices(c.g, bandRows(shape, { height: 1, step: 0, taken: 1 })),
    );
    const moved = gatherRows(c.g, reshape(c.g, padded, [N * planes, H * width]), order);
    return c.g.op("BlockedReorderInput", [reshape(c.g, moved, target)]);
  }
  const step = (plan.output[0] / bands) * plan.strides[0];
  const taken = step - plan.strides[0] + (plan.kernel[0] - 1) * plan.dilations[0] + 1;
  const order = constantIndices(c.g, bandRows(shape, { height: H, step, taken }));
  const moved = gatherRows(c.g, reshape(c.g, padded, [N * planes * H, width]), order);
  return c.g.op("BlockedReorderInput", [reshape(c.g, moved, [inBlocks, blockedGroups * samples, taken, width])]);
}

/** The rows of a plane of `height` that each band takes: `taken` rows from every `step`-th on. */
interface BandRows {
  readonly height: number;
  readonly step: number;
  readonly taken: number;
}

/**
 * Rows of [N, groups, blocks, height] in the order [blocks, groups, samples, taken]; the last row, of zeros, stands for
 * missing samples.
 */
function bandRows({ plan, samples, bands }: GradientShape, { height, step, taken }: BandRows): Int32Array {
  const { batch, blockedGroups, inBlocks } = plan;
  const rows = new Int32Array(inBlocks * blockedGroups * samples * taken);
  let at = 0;
  for (let block = 0; block < inBlocks; block++) {
    for (let group = 0; group < blockedGroups; group++) {
      for (let sample = 0; sample < samples; sample++) {
        const plane = (Math.floor(sample / bands) * blockedGroups + group) * inBlocks + block;
        const first = plane * height + (sample % bands) * step;
        for (let row = 0; row < taken; row++) rows[at++] = sample < batch * bands ? first + row : height - 1;
      }
    }
  }
  return rows;
}

function inputRows(c: BlockedContext, name: string, x: Value, { plan }: GradientShape): Value {
  const { batch, inChannels, input, block, blockedGroups, inBlocks } = plan;
  if (plan.kind !== "image") return reshape(c.g, x, [batch, blockedGroups * inBlocks, input[0], input[1] * block]);
  const pointsLast = c.memo(`points-last/${name}`, () => c.g.op("Transpose", [x], { perm: [0, 2, 3, 1] }));
  return reshape(c.g, pointsLast, [batch, 1, input[0], input[1] * inChannels]);
}

/** Rows of dy's memory [N·OB·OH·OW, b] in the order (group, part, output block, sample block, place, sample within). */
function kernelRows({ plan, bands, samples, parts }: GradientShape): Int32Array {
  const { batch, block, blockedGroups, outBlocks, output } = plan;
  const places = (output[0] / bands) * output[1];
  const allBlocks = blockedGroups * outBlocks;
  const partSize = samples / parts;
  const rows = new Int32Array(samples * allBlocks * places);
  let at = 0;
  for (let group = 0; group < blockedGroups; group++) {
    for (let part = 0; part < parts; part++) {
      for (let out = group * outBlocks; out < (group + 1) * outBlocks; out++) {
        for (let first = part * partSize; first < (part + 1) * partSize; first += block) {
          for (let place = 0; place < places; place++) {
            for (let within = first; within < first + block; within++) {
              // Beyond the samples x is zero, so any row of dy will do.
              const sample = Math.min(within, batch * bands - 1);
              const plane = Math.floor(sample / bands) * allBlocks + out;
              rows[at++] = (plane * bands + (sample % bands)) * places + place;
            }
          }
        }
      }
    }
  }
  return rows;
}

/** dy as the kernel [groups·parts·O, samples/parts, OH/bands, OW]. */
function gradientKernel(c: BlockedContext, dy: Value, shape: GradientShape): Value {
  const { plan, bands, samples, parts } = shape;
  const { block, blockedGroups, outBlocks, output } = plan;
  const key = [plan.batch, bands, samples, parts, blockedGroups, outBlocks, ...output].join();
  return c.memo(`gradient-kernel/${dy.name}/${key}`, () => {
    const memory = reshape(c.g, dy, [plan.batch * blockedGroups * outBlocks * output[0] * output[1], block]);
    const order = c.memo(`kernel-rows/${key}`, () => constantIndices(c.g, kernelRows(shape)));
    const kernel = gatherRows(c.g, memory, order);
    const filters = blockedGroups * parts * outBlocks * block;
    return reshape(c.g, kernel, [filters, samples / parts, output[0] / bands, output[1]]);
  });
}

/** From the convolution's result to the stored layout: sums the parts, picks the taps and orders the blocks. */
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

function denseWeightGradient(c: BlockedContext, xName: string, dy: Value, plan: ConvolutionPlan): Value {
  const source = plan.kind === "image" ? { x: c.plain(xName), plan } : blockedSource(c, xName, plan);
  const shape = gradientShape(source.plan);
  const { begins, output, strides, dilations, kernel, blockedGroups } = source.plan;
  const { bands, samples, ends } = shape;
  const key = [source.x.name, bands, samples, ...begins, ...ends, ...kernel, ...dilations, blockedGroups].join();
  const x = c.memo(`blocked-samples/${key}`, () => blockSamples(c, inputRows(c, xName, source.x, shape), shape));
  const result = c.g.op("BlockedConv", [x, gradientKernel(c, dy, shape)], {
    kernel_shape: [output[0] / bands, output[1]],
    dilations: [strides[0], strides[1] * shape.pointSize],
    strides: [dilations[0], 1],
    pads: keepsPlanes(shape) ? [begins[0], 0, ends[0], 0] : [0, 0, 0, 0],
    group: blockedGroups * shape.parts,
  });
  return storeGradient(c, result, shape);
}

export const convWeightGradient: BlockedRule<"ConvWeightGradient"> = (c, { node, inputs, outputs: [dw] }) => {
  const [x, dyName] = inputs as [string, string];
  const plan = c.planOf(node);
  if (plan === undefined || !meetsInput(plan)) return false;
  const layout = weightLayout(plan);
  const { value: dy, scale } = outputGradient(c, dyName, plan);
  const unscaled =
    plan.kind === "depthwise"
      ? depthwiseWeightGradient(c, c.blocked(x), dy, plan)
      : denseWeightGradient(c, x, dy, plan);
  const value = scaleFilters(c, unscaled, scale);
  // Merged groups also contain the products of one group's input with another's output.
  const cleared = plan.groups > 1 && plan.kind === "dense" ? clearPadding(c.g, value, layout) : value;
  c.define(dw, { stored: { value: cleared, layout, padding: "zero" } });
  return true;
};
