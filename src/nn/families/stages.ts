import type { BlockOptions } from "../blocks/options.ts";
import { decayedProbability } from "../blocks/stochastic-depth.ts";
import { sequence } from "../layers.ts";
import type { CompleteModelOptions } from "../model-options.ts";
import type { Module } from "../module.ts";
import { OptionError } from "../../tensor/errors.ts";

/** Stages of blocks: each stage has one width, and each after the first halves the plane. */
export interface StagesPlan {
  readonly block: (inChannels: number, width: number, options: BlockOptions) => Module;
  /** Channels out of a block, as a multiple of its width. */
  readonly expansion: number;
  readonly counts: readonly number[];
  readonly widths: readonly number[];
  /** What every block has besides the network's options, such as groups. */
  readonly settings?: Partial<BlockOptions>;
}

/** Stages with the channels that come out of the last one. */
export interface Stages {
  readonly stages: readonly Module[];
  readonly channels: number;
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
    throw new OptionError("outputStride", `must be at least ${stemStride}, what the stem has, got ${outputStride}`);
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
 * Builds the stages. Dropping whole residuals becomes likelier from block to block; with `outputStride`, strides beyond
 * it become dilation, and the convolution in the place of the stride keeps the dilation before it, as in torchvision and
 * timm.
 *
 * @param stem channels and stride of what comes before
 * @throws {OptionError} if the output stride is smaller than the stem's
 */
export function buildStages(
  { block, expansion, counts, widths, settings = {} }: StagesPlan,
  stem: { readonly channels: number; readonly stride: number },
  options: CompleteModelOptions,
): Stages {
  const { stochasticDepth = 0, firstDilation = "before" } = options;
  const blocks = counts.reduce((sum, count) => sum + count, 0);
  const reaches = stageReaches(counts.length, stem.stride, options);
  let inChannels = stem.channels;
  let place = 0;
  const stages = counts.map((count, stage) => {
    const { stride, dilation, before } = reaches[stage];
    const members = Array.from({ length: count }, (_, index) => {
      const member = block(inChannels, widths[stage], {
        ...options,
        ...settings,
        stride: index === 0 ? stride : 1,
        dilation,
        firstDilation: index === 0 && firstDilation === "before" ? before : dilation,
        dropPath: decayedProbability(stochasticDepth, place, blocks),
      });
      inChannels = widths[stage] * expansion;
      place += 1;
      return member;
    });
    return sequence(members);
  });
  return { stages, channels: inChannels };
}
