// Says what is on images: node examples/predict.ts photos.onnx cat.jpg dog.jpg
import { open } from "residua/node";

const [file = "photos.onnx", ...images] = process.argv.slice(2);
const network = await open(file, { task: "classify" });
for (const image of images) {
  const found = await network.predict(image, { top: 3 });
  const words = found.map((each) => `${each.class} ${(each.probability * 100).toFixed(1)} %`);
  console.log(`${image}: ${words.join(", ")}`);
}
await network.release();
