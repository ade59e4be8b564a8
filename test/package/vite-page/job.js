import { defaultRecipe } from "residua/train";

/**
 * 64 images of 8×8: of class 1, the lower half is brighter.
 *
 * @returns {import("residua/train/web").WebTrainingJob}
 */
export function makeJob() {
  const count = 64;
  const labels = Int32Array.from({ length: count }, (_, index) => index % 2);
  const images = Uint8Array.from({ length: count * 64 }, (_, place) => {
    const isLower = place % 64 >= 32;
    const noise = (place * 7919) % 64;
    return noise + (isLower && labels[Math.floor(place / 64)] === 1 ? 128 : 32);
  });
  const train = { images, labels, count, channels: 1, height: 8, width: 8 };
  return {
    network: {
      model: { name: "resnet8", options: { shortcut: "pad", channels: 1, classes: 2 } },
      imageShape: [1, 8, 8],
      data: "two kinds",
      classes: ["dark", "bright"],
      normalization: { mean: [0.4], deviation: [0.3] },
    },
    recipe: { ...defaultRecipe, epochs: 2, batch: 16, learningRate: 0.02 },
    train,
    validation: train,
  };
}
