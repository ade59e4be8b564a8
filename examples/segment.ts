// Learns to find cells from nuclei/images/*.png and nuclei/masks/*.png, and outlines those of one image:
// node examples/segment.ts culture.png
import { writeFile } from "node:fs/promises";
import { train } from "residua/node";
import { outlinesToGeoJson } from "residua/tasks";

const [image = "culture.png", epochs = "60"] = process.argv.slice(2);
const run = train("nuclei", { task: "segment", preset: "cells", epochs: Number(epochs), out: "cells" });
for await (const event of run) {
  if (event.kind === "note") console.log(event.text);
  if (event.kind === "epoch") console.log(`epoch ${event.record.epoch}: loss ${event.record.training.loss.toFixed(3)}`);
}
const { test, open } = await run.result;
console.log(`mean average precision ${test?.measures["meanAp"]?.toFixed(3)} on ${test?.count} images`);

const network = await open();
const cells = await network.predict(image);
if (cells.target === "instances") {
  console.log(`${image}: ${cells.count} cells`);
  await writeFile("cells.geojson", JSON.stringify(outlinesToGeoJson(cells.outlines())));
}
await network.release();
