import { defaultRecipe } from "../../train/recipe.ts";
import type { TrainingPreset } from "../preset.ts";
import { type SegmentationSettings, standardSettings } from "./settings.ts";

/** A whole recipe under one name: from a folder of images and masks to a network. */
export interface SegmentationPreset extends TrainingPreset {
  /** Rows and columns of a tile when the network is used; `settings.crop` are those of what it is trained on. */
  readonly imageSize: number;
  readonly settings: SegmentationSettings;
}

/**
 * Nuclei and cells of any stain, grey or coloured: an attention U-Net of residual blocks on half the resolution, cells told apart
 * by classes of points and depths.
 */
const cells: SegmentationPreset = {
  model: "attention-resunet",
  modelOptions: { channels: 3, stemWidth: 16, stemStride: 2 },
  imageSize: 256,
  recipe: {
    ...defaultRecipe,
    epochs: 34,
    batch: 16,
    optimizer: { name: "adamw", weightDecay: 0.01 },
    learningRate: 0.003,
    schedule: "one-cycle",
    decaySparesNorms: true,
    clipNorm: 5,
    average: 0.998,
  },
  settings: {
    ...standardSettings,
    crop: 128,
    loss: { name: "combined", classWeights: [1, 1, 5] },
    distanceWeight: 3,
    views: 4,
  },
};

/** Presets by name. */
export const segmentationPresets: Readonly<Record<string, SegmentationPreset>> = { cells };
