import { serveInWorker } from "../../../jobs/web/worker.ts";
import { drawArchitecture } from "../../../lab/network/architecture.ts";
import { describableModule } from "../../../networks/describe.ts";
import { countCosts } from "../../../nn/describe.ts";
import { createModel } from "../../../nn/models.ts";
import { open } from "../../../web.ts";
import type { JudgeInput, Judgement, judging, NetworkFacts } from "./judge-job.ts";

/** The least probability whose logarithm float32 keeps apart from minus infinity. */
const LEAST = 1e-38;

async function judgeAll({ onnx, classes, size, images }: JudgeInput): Promise<Float32Array> {
  const wasm = new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url);
  const network = await open(onnx, { task: "classify", name: "network.onnx", wasm });
  const length = 3 * size * size;
  const places = new Map(classes.map((name, place) => [name, place]));
  const scores = new Float32Array((images.length / length) * classes.length);
  for (let at = 0; at * length < images.length; at++) {
    const pixels = images.subarray(at * length, (at + 1) * length);
    for (const found of await network.predict({ channels: 3, height: size, width: size, pixels }))
      scores[at * classes.length + places.get(found.class)!] = Math.log(Math.max(LEAST, found.probability));
  }
  await network.release();
  return scores;
}

function describe({ model, shortcut, classes, size }: JudgeInput): NetworkFacts {
  const { module } = createModel(model, { shortcut, channels: 3, classes: classes.length });
  const shape = [3, size, size];
  const { graph } = describableModule(module, shape);
  return { ...countCosts(module, shape), architecture: drawArchitecture(graph, `${model}, ${shortcut}`) };
}

const judge = async (input: JudgeInput): Promise<Judgement> => ({ scores: await judgeAll(input), ...describe(input) });

serveInWorker<typeof judging>(judge, { transfer: ({ scores }) => [scores.buffer] });
