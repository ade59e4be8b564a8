import type { Shape } from "../../tensor/shape.ts";
import { createModel } from "../../nn/models.ts";
import { segmentationPresets } from "../../tasks/segment/presets.ts";
import { segmentationStep } from "../../tasks/segment/step.ts";
import { stepOptionsOf } from "../../train/recipe-step.ts";
import type { TrainerOptions } from "../../train/trainer.ts";

/** A training step that is measured on a graphics processor. */
export interface GpuCase {
  readonly batch: number;
  readonly imageShape: Shape;
  /** Exclusive. */
  readonly largestLabel: number;
  /** Whether bench/torch_step.py knows the network. */
  readonly isInTorch: boolean;
  readonly parts: () => Pick<TrainerOptions, "module"> & Partial<TrainerOptions>;
}

const classifier = (name: string, batch: number, size: number): GpuCase => ({
  batch,
  imageShape: [3, size, size],
  largestLabel: 10,
  isInTorch: true,
  parts: () => ({ module: createModel(name).module }),
});

const { cells } = segmentationPresets;
const crop: Shape = [3, cells.settings.crop!, cells.settings.crop!];

/** The steps by name; a classifier's is that of the network. */
export const gpuCases: Readonly<Record<string, GpuCase>> = {
  resnet20: classifier("resnet20", 128, 32),
  resnet50: classifier("resnet50", 32, 224),
  cells: {
    batch: cells.recipe.batch,
    imageShape: crop,
    largestLabel: 3,
    isInTorch: false,
    parts: () => ({
      module: createModel(cells.model, { ...cells.modelOptions, classes: 4 }).module,
      ...stepOptionsOf(cells.recipe),
      ...segmentationStep(cells.settings, crop, cells.recipe),
    }),
  },
};
