import { evaluationBatches } from "../../../data/batches.ts";
import { blockGradients } from "../../../lab/gradient-flow/profile.ts";
import { openFlowProbe } from "../../../lab/gradient-flow/probe.ts";
import { describeVerdict, judgeFlow } from "../../../lab/gradient-flow/verdict.ts";
import { evaluateGraph } from "../../../lab/lesion/evaluate.ts";
import { type BlockedGraph, buildBlockedGraph, isRemovable, rewireBlocks } from "../../../lab/lesion/rewire.ts";
import { planWish } from "../../../lab/lesion/study.ts";
import { type StudyNetwork, toStudyNetwork } from "../../../lab/study-network.ts";
import type { ChannelStatistics } from "../../../networks/card.ts";
import { countCosts } from "../../../nn/describe.ts";
import { initializeState } from "../../../nn/initialization.ts";
import { crossEntropy } from "../../../nn/losses.ts";
import { createModel } from "../../../nn/models.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { classify } from "../../../tasks/classify/task.ts";
import { OptionError, UnsupportedError } from "../../../tensor/errors.ts";
import { evaluationBatchSize } from "../../../train/evaluation.ts";
import { imagenetNormalization } from "../../../weights/layouts/layout.ts";
import type { DescribeInput } from "./describe-job.ts";
import { readNetwork } from "./describe-source.ts";
import { findSource, type NamedSource } from "./find-source.ts";
import { type ImageTaker, someOf, takeImages, type TriedImages } from "./study-images.ts";
import type { CutResult, FlowResult, OpenedStudy, StudyImages } from "./study-service.ts";

/** A network that is tried, with its images. */
export interface Study {
  readonly network: StudyNetwork;
  readonly normalization: ChannelStatistics;
  readonly classNames: readonly string[];
  readonly blocked: BlockedGraph;
  readonly images: TriedImages;
  /** Results by the blocks that were cut out. */
  readonly known: Map<string, CutResult>;
}

const session = { executionProviders: ["wasm"] };

interface Opened {
  readonly network: StudyNetwork;
  readonly classNames: readonly string[] | undefined;
  readonly isTrained: boolean;
  readonly isFolded: boolean;
}

async function openFile(file: File, size: number | undefined): Promise<Opened> {
  const { network } = await readNetwork(file);
  const { card } = network;
  if (card?.task !== undefined && card.task.name !== classify.name)
    throw new UnsupportedError(file.name, `is for the task ${card.task.name}; only classifiers can be tried here`);
  return {
    network: toStudyNetwork(network, file.name, size),
    classNames: card?.classes,
    isTrained: true,
    isFolded: network.kind === "graph" && network.folded,
  };
}

function openNamed({ model, shortcut }: NamedSource, size: number | undefined): Opened {
  const { name, options, module, imageShape } = createModel(model, shortcut === undefined ? {} : { shortcut });
  if (imageShape.length !== 3)
    throw new UnsupportedError(name, `takes inputs of ${imageShape.length} axes, must take images [C,H,W]`);
  const [channels, height, width] = imageShape;
  const network: StudyNetwork = {
    label: name,
    module,
    state: initializeState(module, 0),
    imageShape: [channels, size ?? height, size ?? width],
    classes: options.classes,
    data: "",
    notes: [],
  };
  return { network, classNames: undefined, isTrained: false, isFolded: false };
}

/** By what images are normalised where the file does not say: ImageNet's statistics for colours, not at all for grey. */
function guessNormalization(channels: number): ChannelStatistics {
  if (channels === 3) return imagenetNormalization;
  return { mean: Array.from({ length: channels }, () => 0), deviation: Array.from({ length: channels }, () => 1) };
}

/**
 * Opens a network and the images that it is tried on.
 *
 * @throws as `describeSource`, `toStudyNetwork` and `takeImages` do
 */
export async function openStudy(
  { source: given, size, models }: DescribeInput,
  wanted: StudyImages,
): Promise<{ readonly study: Study; readonly opened: OpenedStudy }> {
  const source = await findSource(given, models);
  const {
    network,
    classNames: named,
    isTrained,
    isFolded,
  } = source.kind === "file" ? await openFile(source.file, size) : openNamed(source, size);
  const { label, imageShape, classes, module, state } = network;
  const classNames = named ?? Array.from({ length: classes }, (_, place) => String(place));
  const taker: ImageTaker = { name: label, imageShape, classes, classNames, hasNames: named !== undefined };
  const images = await takeImages(taker, wanted, isTrained);
  const blocked = buildBlockedGraph(module, imageShape, state);
  const normalization = network.normalization ?? guessNormalization(imageShape[0]);
  const opened: OpenedStudy = {
    blocks: blocked.blocks.map((block) => ({ name: block.name, isRemovable: isRemovable(blocked.graph, block) })),
    images: images.name,
    count: images.set.count,
    given: images.given,
    leftOut: images.leftOut,
    isTrained,
    isFolded,
  };
  return { study: { network, normalization, classNames, blocked, images, known: new Map() }, opened };
}

/**
 * Tests the network without the residuals of some blocks.
 *
 * @throws {OptionError} naming the block that is not there or must stay
 */
export async function cutBlocks(study: Study, removed: readonly string[], runtime: Runtime): Promise<CutResult> {
  const { network, normalization, blocked, images, known } = study;
  const key = JSON.stringify(removed.toSorted());
  const before = known.get(key);
  if (before !== undefined) return before;
  const plan = planWish(blocked, { remove: removed });
  const graph = plan === undefined ? blocked.graph : rewireBlocks(blocked, plan.uses);
  const { count } = images.set;
  const batches = evaluationBatches(images.set, normalization, evaluationBatchSize(network.imageShape));
  const { error } = await evaluateGraph(runtime, graph, { batches, session });
  const result = { correct: Math.round(count * (1 - error)), count };
  known.set(key, result);
  return result;
}

/** A step should take some seconds at most: this many multiply-adds of its forward pass. */
const flowWork = 2e9;
const flowBatch = { least: 2, most: 16 };

/**
 * Measures the gradient that a first step of training would follow.
 *
 * @throws {OptionError} if the network has no layer with weights
 */
export async function followGradient({ network, normalization, images }: Study, runtime: Runtime): Promise<FlowResult> {
  const { module, imageShape, state, label } = network;
  const { multiplyAdds } = countCosts(module, imageShape);
  const { least, most } = flowBatch;
  const batch = Math.min(most, images.set.count, Math.max(least, Math.floor(flowWork / multiplyAdds)));
  const [taken] = evaluationBatches(someOf(images.set, batch), normalization, batch);
  const probe = await openFlowProbe({ runtime, session }, { module, loss: crossEntropy }, taken);
  try {
    const profile = await probe.measure(state, 0);
    return { places: blockGradients(profile), batch, verdict: describeVerdict(label, judgeFlow(profile)) };
  } finally {
    await probe.release();
  }
}

/** @throws {OptionError} if there is none */
export function requireStudy(study: Study | undefined): Study {
  if (study === undefined) throw new OptionError("network", "none is open; choose one first");
  return study;
}
