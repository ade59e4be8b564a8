import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { CommonShapes, StageStructure, Structure } from "./structure.ts";

/** A block's position and channels. */
interface BlockPlace {
  readonly name: string;
  readonly inChannels: number;
  readonly stage: StageStructure;
  readonly changesShape: boolean;
}

/**
 * The shapes of all weights that a network of this structure and shortcut type must have, by common name. The stem's
 * convolutions and the classifier's rank are taken as found.
 */
export function networkShapes(structure: Structure, shortcut: ShortcutType, found: CommonShapes): CommonShapes {
  const shapes = new Map<string, Shape>();
  const { stem, stages, classes, preactivation, convolutionBias } = structure;
  for (let index = 1; index <= stem.convolutions; index++) {
    const name = `stem.conv${index}.weight`;
    const shape = found.get(name);
    if (shape === undefined) continue;
    shapes.set(name, shape);
    if (convolutionBias) shapes.set(`stem.conv${index}.bias`, [shape[0]]);
    // A pre-activation network's first block begins with the norm of the stem's last convolution.
    if (!preactivation || index < stem.convolutions) addNorm(shapes, `stem.bn${index}`, shape[0]);
  }
  for (const place of blockPlaces(structure)) addBlock(shapes, place, { structure, shortcut, found });
  const last = stages[stages.length - 1].channels;
  if (preactivation) addNorm(shapes, "norm", last);
  if (classes !== undefined) {
    const rank = found.get("fc.weight")?.length ?? 2;
    shapes.set("fc.weight", [classes, last, ...along(rank - 2, 1)]);
    shapes.set("fc.bias", [classes]);
  }
  return shapes;
}

const along = (axes: number, extent: number): readonly number[] => Array.from({ length: axes }, () => extent);

function blockPlaces({ stages, stem }: Structure): readonly BlockPlace[] {
  return stages.flatMap((stage, index) => {
    const before = index === 0 ? stem.width : stages[index - 1].channels;
    return Array.from({ length: stage.count }, (_, block) => ({
      name: `layer${index + 1}.${block}`,
      inChannels: block === 0 ? before : stage.channels,
      stage,
      changesShape: block === 0 && (index > 0 || before !== stage.channels),
    }));
  });
}

interface Context {
  readonly structure: Structure;
  readonly shortcut: ShortcutType;
  readonly found: CommonShapes;
}

function addBlock(shapes: Map<string, Shape>, place: BlockPlace, { structure, shortcut, found }: Context): void {
  const { name, inChannels, stage, changesShape } = place;
  const { block, dimensions, groups, preactivation, convolutionBias, attention, layerScale, projection } = structure;
  const { width, channels } = stage;
  const convolutions =
    block === "basic"
      ? [
          { into: inChannels, out: width, kernel: 3 },
          { into: width, out: channels, kernel: 3 },
        ]
      : [
          { into: inChannels, out: width, kernel: 1 },
          { into: width / groups, out: width, kernel: 3 },
          { into: width, out: channels, kernel: 1 },
        ];
  convolutions.forEach(({ into, out, kernel }, index) => {
    shapes.set(`${name}.conv${index + 1}.weight`, [out, into, ...along(dimensions, kernel)]);
    if (convolutionBias) shapes.set(`${name}.conv${index + 1}.bias`, [out]);
    const before = index === 0 ? inChannels : width;
    addNorm(shapes, `${name}.bn${index + 1}`, preactivation ? before : out);
  });
  if (attention === "se") {
    const squeezed = found.get(`${name}.se.fc1.weight`)?.[0] ?? channels / 16;
    addDense(shapes, `${name}.se.fc1`, [squeezed, channels, ...along(dimensions, 1)]);
    addDense(shapes, `${name}.se.fc2`, [channels, squeezed, ...along(dimensions, 1)]);
  }
  if (layerScale !== "none") shapes.set(`${name}.layer_scale.gamma`, [layerScale === "scalar" ? 1 : channels]);
  if (shortcut === "project-all" || (shortcut === "project" && changesShape)) {
    const { norm = !preactivation, bias = convolutionBias } = projection ?? {};
    shapes.set(`${name}.downsample.conv.weight`, [channels, inChannels, ...along(dimensions, 1)]);
    if (bias) shapes.set(`${name}.downsample.conv.bias`, [channels]);
    if (norm) addNorm(shapes, `${name}.downsample.bn`, channels);
  }
}

function addDense(shapes: Map<string, Shape>, name: string, shape: Shape): void {
  shapes.set(`${name}.weight`, shape);
  shapes.set(`${name}.bias`, [shape[0]]);
}

function addNorm(shapes: Map<string, Shape>, name: string, channels: number): void {
  for (const leaf of ["weight", "bias", "running_mean", "running_var"]) shapes.set(`${name}.${leaf}`, [channels]);
}
