// What a user's program looks like: train on a folder, predict, segment, save, and open again. Runs beside the installed package.
import { type Network, open, train } from "residua/node";

const pictures = ["photos/left/00.png", "photos/right/01.png", "photos/top/02.png"];

/** The class and its probability for every picture. */
async function answer(network: Network<"classify">): Promise<readonly string[]> {
  const found: string[] = [];
  for (const picture of pictures) {
    const [best] = await network.predict(picture);
    found.push(`${best?.class} ${best?.probability.toFixed(4)}`);
  }
  return found;
}

const small = { imageSize: 16, threads: 1, cache: "cache" } as const;
const notes: string[] = [];
const run = train("photos", { ...small, model: "resnet8", shortcut: "pad", epochs: 6, learningRate: 0.02 });
for await (const event of run) if (event.kind === "note") notes.push(event.text);
const trained = await run.result;
const network = await trained.open({ threads: 1 });
const { classes, normalization } = network.card;
const answers = { trained: await answer(network) } as Record<string, readonly string[]>;
for (const form of ["onnx", "safetensors", "pth"]) {
  const [file = ""] = await network.save(`photos.${form}`);
  const said = { model: "resnet8", shortcut: "pad", classes, normalization, imageSize: 16 } as const;
  const again = await open(file, { task: "classify", threads: 1, ...(form === "pth" ? said : {}) });
  answers[form] = await answer(again);
  await again.release();
}
await network.release();

const segmentation = train("nuclei", {
  ...small,
  task: "segment",
  model: "resunet",
  modelOptions: { stemWidth: 8 },
  imageSize: 32,
  crop: 32,
  epochs: 1,
  out: "cells",
});
const segmented = await (await segmentation.result).open({ threads: 1 });
const cells = await segmented.predict("nuclei/images/0001.png");
await segmented.save("cells.onnx");
await segmented.release();

// Without a task, the network's own tells its type.
const any = await open("cells.onnx", { threads: 1 });
const again = any.task === "segment" ? await any.predict("nuclei/images/0001.png") : undefined;
await any.release();

// A network that the package brings along, by its name.
const ready = await open("digits", { task: "classify", threads: 1 });
const digits = await answer(ready);
await ready.release();

console.log(
  JSON.stringify({
    status: trained.status,
    tested: trained.test?.count,
    notes,
    answers,
    digits,
    labels: Array.from(cells.labels),
    again: Array.from(again?.labels ?? []),
  }),
);
