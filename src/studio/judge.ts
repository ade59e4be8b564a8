import { drawArchitecture } from "../lab/network/architecture.ts";
import { describableModule } from "../networks/describe.ts";
import { countCosts } from "../nn/describe.ts";
import { createModel } from "../nn/models.ts";
import type { Prediction } from "../tasks/classify/predict.ts";
import type { Judgement, JudgeProgress, NetworkFacts, TrainJob } from "./engine.ts";

/** A trained network, and the images held back for it to judge. */
export type JudgeInput = Pick<TrainJob, "choice" | "classes" | "test"> & { readonly onnx: Uint8Array };

/** A network that classifies, in whatever runtime it was opened. */
export interface OpenClassifier {
  readonly predict: (pixels: {
    readonly channels: number;
    readonly height: number;
    readonly width: number;
    readonly pixels: Uint8Array;
  }) => Promise<readonly Prediction[]>;
  readonly release: () => Promise<void>;
}

/** The least probability whose logarithm float32 keeps apart from minus infinity. */
const LEAST = 1e-38;

/** How often it says how far it is. */
const MILLISECONDS_BETWEEN = 1000;

async function scoreAll(
  network: OpenClassifier,
  { classes, choice: { size }, test: { images } }: JudgeInput,
  onProgress: (progress: JudgeProgress) => void,
): Promise<Float32Array> {
  const length = 3 * size * size;
  const count = images.length / length;
  let last = performance.now();
  const places = new Map(classes.map((name, place) => [name, place]));
  const scores = new Float32Array(count * classes.length);
  for (let at = 0; at < count; at++) {
    if (performance.now() - last >= MILLISECONDS_BETWEEN) {
      onProgress({ done: at, count });
      last = performance.now();
    }
    const pixels = images.subarray(at * length, (at + 1) * length);
    for (const found of await network.predict({ channels: 3, height: size, width: size, pixels }))
      scores[at * classes.length + places.get(found.class)!] = Math.log(Math.max(LEAST, found.probability));
  }
  return scores;
}

function describe({ choice: { depth, shortcut, size }, classes }: JudgeInput): NetworkFacts {
  const model = `resnet${depth}`;
  const { module } = createModel(model, { shortcut, channels: 3, classes: classes.length });
  const shape = [3, size, size];
  const { graph } = describableModule(module, shape);
  return { ...countCosts(module, shape), architecture: drawArchitecture(graph, `${model}, ${shortcut}`) };
}

/**
 * Has a trained network judge the images held back, image by image, wherever it runs.
 *
 * @param open opens the network in the engine's own runtime
 * @param onProgress told before the first image, and every second
 */
export async function judge(
  input: JudgeInput,
  open: (onnx: Uint8Array) => Promise<OpenClassifier>,
  onProgress: (progress: JudgeProgress) => void,
): Promise<Judgement> {
  onProgress({ done: 0, count: input.test.labels.length });
  const network = await open(input.onnx);
  try {
    return { scores: await scoreAll(network, input, onProgress), ...describe(input) };
  } finally {
    await network.release();
  }
}
