import { defaultRecipe } from "../../train/recipe.ts";
import type { TrainingPreset } from "../preset.ts";
import type { PlatePart } from "./settings.ts";

/** A part's network and recipe. */
export interface PlatePreset extends TrainingPreset {
  /** Samples per epoch. */
  readonly samples: number;
}

const shared = {
  ...defaultRecipe,
  optimizer: { name: "adamw", weightDecay: 0.01 },
  schedule: "one-cycle",
  decaySparesNorms: true,
  clipNorm: 5,
  average: 0.998,
} as const;

/** What each part is trained with where nothing else is said. */
export const platePresets: { readonly [Part in PlatePart]: PlatePreset } = {
  read: {
    model: "plate-reader",
    modelOptions: {},
    samples: 10_000,
    recipe: { ...shared, epochs: 12, batch: 32, learningRate: 0.004 },
  },
  locate: {
    model: "plate-locator",
    modelOptions: {},
    samples: 4000,
    recipe: { ...shared, epochs: 6, batch: 8, learningRate: 0.002 },
  },
};
