import { BOTTLENECK_EXPANSION } from "../blocks/bottleneck.ts";
import type { BlockOptions } from "../blocks/options.ts";
import { decayedProbability } from "../blocks/stochastic-depth.ts";
import { sequence } from "../layers.ts";
import type { CompleteModelOptions } from "../model-options.ts";
import type { Module } from "../module.ts";
import { requireSmallStart } from "../norm-free.ts";
import { OptionError } from "../../tensor/errors.ts";

/** Makes a block of a given width. */
export type BlockMaker = (inChannels: number, width: number, options: BlockOptions) => Module;

/** Stages of blocks: each stage has one width, and each after the first halves the plane. */
export interface StagesPlan {
  /** Whether blocks are bottlenecks, whose outputs are four times as wide. */
  readonly bottleneck: boolean;
  readonly counts: readonly number[];
  readonly widths: readonly number[];
  /** What every block has in addition to the network's options, such as groups. */
  readonly settings?: Partial<BlockOptions>;
}

/** The two blocks of a family. */
export interface StageBlocks {
  readonly basic: BlockMaker;
  readonly bottleneck: BlockMaker;
}

/** Where stages begin: the output of the stem. */
export interface StageStart {
  readonly channels: number;
  readonly stride: number;
}

/** Stages with the output channels of each. */
export interface Stages {
  readonly stages: readonly Module[];
  readonly channels: readonly number[];
}

/** Stride and dilation of a stage: a stride that would go below the wanted resolution becomes dilation. */
interface Reach {
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
}

function stageReaches(count: number, stemStride: number, options: CompleteModelOptions): readonly Reach[] {
  const { outputStride, dilation: initial = 1 } = options;
  if (outputStride !== undefined && outputStride < stemStride) {
    throw new OptionError("outputStride", `must be at least ${stemStride}, the stem's, got ${outputStride}`);
  }
  const reaches: Reach[] = [];
  let reached = stemStride;
  let dilation = initial;
  for (let index = 0; index < count; index++) {
    const wanted = index === 0 ? 1 : 2;
    const before = dilation;
    const stride = outputStride !== undefined && reached * wanted > outputStride ? 1 : wanted;
    if (stride < wanted) dilation *= wanted;
    reached *= stride;
    reaches.push({ stride, dilation, before });
  }
  return reaches;
}

/**
 * Builds the stages. The probability of dropping a residual rises from block to block; with `outputStride`, strides
 * beyond it become dilation, and the convolution that would have taken the stride keeps the previous dilation, as in
 * torchvision and timm.
 *
 * @param blocks the family's two kinds, of which the plan takes one
 * @throws {OptionError} if the output stride is smaller than the stem's, or a factor on F starts too high without norms
 */
export function buildStages(
  { bottleneck, counts, widths, settings = {} }: StagesPlan,
  blocks: StageBlocks,
  { stem, options }: { readonly stem: StageStart; readonly options: CompleteModelOptions },
): Stages {
  const block = bottleneck ? blocks.bottleneck : blocks.basic;
  const { stochasticDepth = 0, firstDilation = "before" } = options;
  const total = counts.reduce((sum, count) => sum + count, 0);
  requireSmallStart(options, total);
  const reaches = stageReaches(counts.length, stem.stride, options);
  let inChannels = stem.channels;
  let place = 0;
  const channels: number[] = [];
  const stages = counts.map((count, stage) => {
    const { stride, dilation, before } = reaches[stage];
    const members = Array.from({ length: count }, (_, index) => {
      const member = block(inChannels, widths[stage], {
        ...options,
        ...settings,
        stride: index === 0 ? stride : 1,
        dilation,
        firstDilation: index === 0 && firstDilation === "before" ? before : dilation,
        branches: total,
        dropPath: decayedProbability(stochasticDepth, place, total),
      });
      inChannels = widths[stage] * (bottleneck ? BOTTLENECK_EXPANSION : 1);
      place += 1;
      return member;
    });
    channels.push(inChannels);
    return sequence(members);
  });
  return { stages, channels };
}
