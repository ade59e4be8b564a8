import { encodePng } from "../../files/png.ts";
import type { Normalization } from "../../data/image-set.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { LabeledBatch } from "../batch.ts";
import { createHistogram, type Distributions } from "../histogram.ts";
import { createCardModule, type NetworkCard } from "../../networks/card.ts";
import { runGradients } from "../forward-and-gradients.ts";
import type { Recipe } from "../recipe.ts";
import { stepOptionsOf } from "../recipe-step.ts";
import type { EncodedImage } from "../tensorboard/event.ts";
import type { TrainingState } from "../trainer.ts";
import type { TaskStep } from "../engine.ts";

const SHOWN = 8;

/** The first images of a batch side by side, as the network sees them, converted back to pixels. */
export function drawBatch({ images }: LabeledBatch, { mean, deviation }: Normalization): EncodedImage {
  const [count, channels, height, columns] = images.shape;
  const shown = Math.min(count, SHOWN);
  const width = shown * columns;
  const pixels = new Uint8Array(height * width * channels);
  for (let place = 0; place < pixels.length; place++) {
    const channel = place % channels;
    const x = Math.floor(place / channels) % width;
    const y = Math.floor(place / channels / width);
    const source = ((Math.floor(x / columns) * channels + channel) * height + y) * columns + (x % columns);
    const value = 255 * (images.data[source] * deviation[channel] + mean[channel]);
    pixels[place] = Math.max(0, Math.min(255, Math.round(value)));
  }
  return { png: encodePng({ height, width, channels, samples: pixels }), width, height, channels };
}

/** Measures weights, and gradients of the loss on one batch. */
export async function measureDistributions(
  runtime: Runtime,
  { card, recipe, step = {} }: { readonly card: NetworkCard; readonly recipe: Recipe; readonly step?: TaskStep },
  state: TrainingState,
  { images, labels }: LabeledBatch,
): Promise<Distributions> {
  const model = { module: createCardModule(card), options: card.model.options };
  const { gradients } = await runGradients(runtime, { model, state }, images, labels, {
    loss: stepOptionsOf(recipe).loss,
    ...step,
  });
  const weights = Object.fromEntries(
    Array.from(gradients.keys(), (name) => [name, createHistogram(state.get(name)!.data)]),
  );
  return {
    weights,
    gradients: Object.fromEntries(
      Array.from(gradients, ([name, { data }]) => [name, createHistogram(data as ArrayLike<number>)]),
    ),
  };
}
