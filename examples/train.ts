// Trains a network on photos/CLASS/*.jpg, and saves it.
import { train } from "residua/node";

const run = train("photos", { model: "resnet20", shortcut: "pad", epochs: 10 });
for await (const event of run) {
  if (event.kind === "note") console.log(event.text);
  if (event.kind === "epoch") console.log(`epoch ${event.record.epoch}: loss ${event.record.training.loss.toFixed(3)}`);
}
const { test, open } = await run.result;
console.log(`${test?.count} test images, ${((test?.measures["accuracy"] ?? 0) * 100).toFixed(1)} % right`);

const network = await open();
const [best] = await network.predict("cat.jpg");
console.log(`cat.jpg: ${best.class}, ${(best.probability * 100).toFixed(1)} %`);
await network.save("photos.onnx");
await network.release();
