import type { LayerScale } from "../../nn/shortcuts/layer-scale.ts";
import type { Shape } from "../../tensor/shape.ts";

/** What the names and shapes of a residual network's weights reveal about it. */
export interface Structure {
  /** Spatial axes. */
  readonly dimensions: number;
  /** Channels of the images. */
  readonly channels: number;
  /** The number of scores; undefined if the file has no classifier. */
  readonly classes: number | undefined;
  readonly stem: StemStructure;
  readonly block: "basic" | "bottleneck";
  readonly stages: readonly StageStructure[];
  /** Groups of the 3×3 convolution of a bottleneck. */
  readonly groups: number;
  /** Norm and activation come before the convolutions, and a norm after the last block. */
  readonly preactivation: boolean;
  /** Whether convolutions other than projections have biases. */
  readonly convolutionBias: boolean;
  readonly attention: "none" | "se";
  readonly layerScale: LayerScale;
  /** Which blocks have a projection. */
  readonly projected: "none" | "where shapes change" | "all" | "others";
  /** The parts of a projection; undefined if there is none. */
  readonly projection: { readonly norm: boolean; readonly bias: boolean } | undefined;
}

/** The convolutions before the first block. */
export interface StemStructure {
  readonly convolutions: number;
  readonly kernel: Shape;
  readonly width: number;
}

/** One stage: blocks of one width. */
export interface StageStructure {
  readonly count: number;
  /** Channels within a block, after its first convolution. */
  readonly width: number;
  /** Output channels of a block. */
  readonly channels: number;
}

/** Shapes under the common names of layouts/layout.ts. */
export type CommonShapes = ReadonlyMap<string, Shape>;

const blockName = /^layer(\d+)\.(\d+)\./;
/** More blocks than any published network has; a file may not have more. */
const mostBlocks = 1000;

/** Derives the structure from names and shapes; undefined if no residual network has them. */
export function readStructure(shapes: CommonShapes): Structure | undefined {
  const counts = countBlocks(shapes);
  const stem = readStem(shapes);
  const first = shapes.get("layer1.0.conv1.weight");
  if (counts === undefined || stem === undefined || first === undefined || first.length !== stem.shape.length) {
    return undefined;
  }
  const block = shapes.has("layer1.0.conv3.weight") ? "bottleneck" : "basic";
  const stages = counts.map((count, index) => readStage(shapes, { stage: index + 1, count, block }));
  if (!stages.every((stage) => stage !== undefined)) return undefined;
  // The norm of the stem and the one after the last block have the same name in some systems; only their sizes differ.
  if ((shapes.get("stem.bn1.weight")?.[0] ?? stem.shape[0]) !== stem.shape[0]) return undefined;
  const last = stages[stages.length - 1].channels;
  if ((shapes.get("norm.weight")?.[0] ?? last) !== last) return undefined;
  const head = shapes.get("fc.weight");
  return {
    dimensions: first.length - 2,
    channels: stem.shape[1],
    classes: head?.[0],
    stem: stem.found,
    block,
    stages,
    groups: readGroups(shapes, block),
    preactivation: shapes.has("norm.weight"),
    convolutionBias: [...shapes.keys()].some((name) => /\.conv\d+\.bias$/.test(name)),
    attention: shapes.has("layer1.0.se.fc1.weight") ? "se" : "none",
    layerScale: readLayerScale(shapes),
    projected: readProjected(shapes, counts, stem.found.width),
    projection: readProjection(shapes),
  };
}

/** The depth in the network's name: its convolutions and the classifier. */
export function depthOf({ stages, block, preactivation, stem }: Structure): number {
  const blocks = stages.reduce((sum, { count }) => sum + count, 0);
  const inBlock = block === "basic" ? 2 : 3;
  // Zagoruyko and Komodakis count the three projections too, 6n + 4 in all.
  const isWide = preactivation && stages.length === 3 && stages[0].width > stem.width && block === "basic";
  return inBlock * blocks + (isWide ? 4 : 2);
}

/** Blocks per stage, if stages and blocks are numbered without gaps. */
function countBlocks(shapes: CommonShapes): readonly number[] | undefined {
  const found = new Map<number, Set<number>>();
  for (const name of shapes.keys()) {
    const match = blockName.exec(name);
    if (match === null) continue;
    const [stage, block] = [Number(match[1]), Number(match[2])];
    if (stage < 1 || stage > 8 || block >= mostBlocks) return undefined;
    found.set(stage, (found.get(stage) ?? new Set()).add(block));
  }
  const counts = Array.from({ length: found.size }, (_, index) => found.get(index + 1) ?? new Set<number>());
  const isWhole = counts.every((blocks) => blocks.size > 0 && Math.max(...blocks) === blocks.size - 1);
  return isWhole && counts.length > 0 ? counts.map((blocks) => blocks.size) : undefined;
}

function readStem(shapes: CommonShapes): { readonly shape: Shape; readonly found: StemStructure } | undefined {
  const convolutions = [...shapes].filter(([name]) => /^stem\.conv\d+\.weight$/.test(name)).map(([, shape]) => shape);
  const first = shapes.get("stem.conv1.weight");
  const last = convolutions.at(-1);
  if (first === undefined || last === undefined || first.length < 3 || first.length > 5) return undefined;
  const found = { convolutions: convolutions.length, kernel: first.slice(2), width: last[0] };
  return { shape: first, found };
}

function readStage(
  shapes: CommonShapes,
  { stage, count, block }: { readonly stage: number; readonly count: number; readonly block: "basic" | "bottleneck" },
): StageStructure | undefined {
  const inner = shapes.get(`layer${stage}.0.conv1.weight`);
  const outer = shapes.get(`layer${stage}.0.conv${block === "basic" ? 2 : 3}.weight`);
  if (inner === undefined || outer === undefined || inner.length < 3 || outer.length !== inner.length) return undefined;
  return { count, width: inner[0], channels: outer[0] };
}

/** One factor for a block, or one for each of its channels. */
function readLayerScale(shapes: CommonShapes): LayerScale {
  const shape = shapes.get("layer1.0.layer_scale.gamma");
  if (shape === undefined) return "none";
  return shape[0] === 1 ? "scalar" : "channel";
}

/** A grouped convolution's weight has the input channels of one group only. */
function readGroups(shapes: CommonShapes, block: Structure["block"]): number {
  const [first, second] = [shapes.get("layer1.0.conv1.weight"), shapes.get("layer1.0.conv2.weight")];
  if (block === "basic" || first === undefined || second === undefined) return 1;
  const groups = first[0] / second[1];
  return Number.isInteger(groups) ? groups : 1;
}

function readProjected(shapes: CommonShapes, counts: readonly number[], stemWidth: number): Structure["projected"] {
  const isProjected = (stage: number, block: number): boolean =>
    shapes.has(`layer${stage}.${block}.downsample.conv.weight`);
  const places = counts.flatMap((count, index) => Array.from({ length: count }, (_, block) => [index + 1, block]));
  const changes = ([stage, block]: readonly number[]): boolean => {
    if (block > 0) return false;
    const ends = [3, 2].map((last) => shapes.get(`layer${stage}.0.conv${last}.weight`)?.[0]);
    return stage > 1 || (ends[0] ?? ends[1]) !== stemWidth;
  };
  const projected = places.filter(([stage, block]) => isProjected(stage, block));
  if (projected.length === 0) return "none";
  // If every block changes its shape, B and C are the same network.
  if (places.every((place) => isProjected(place[0], place[1]) === changes(place))) return "where shapes change";
  return projected.length === places.length ? "all" : "others";
}

function readProjection(shapes: CommonShapes): Structure["projection"] {
  const names = [...shapes.keys()].filter((name) => name.includes(".downsample."));
  if (names.length === 0) return undefined;
  return {
    norm: names.some((name) => name.includes(".downsample.bn.")),
    bias: names.some((name) => name.endsWith(".downsample.conv.bias")),
  };
}
