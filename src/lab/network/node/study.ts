import { takeFirst, type Images, type Normalization } from "../../../data/image-set.ts";
import { openEvaluation } from "../../../data/node/evaluation.ts";
import { describeGraph } from "../../../onnx/analysis/describe-graph.ts";
import { computedOn, openDevice } from "../../../runtime/node/devices/open-device.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { ComputePlace } from "../../../runtime/compute-place.ts";
import { ResiduaError } from "../../../tensor/errors.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { float32, type Tensor } from "../../../tensor/tensor.ts";
import { evaluationBatchSize } from "../../../train/evaluation.ts";
import { withInference } from "../../../networks/inference.ts";
import { describableModule } from "../../../networks/describe.ts";
import { drawArchitecture } from "../architecture.ts";
import { scoreClasses } from "../../../tasks/classify/score-classes.ts";
import { type Judged, judgeImages, type Predictions } from "../../../tasks/classify/predictions.ts";
import { type ActivationMap, computeGradCam } from "../grad-cam.ts";
import type { ClassificationStudy } from "../../../tasks/classify/report.ts";
import type { Picture } from "../../../report/figures.ts";
import type { Words } from "../../../report/words.ts";
import { openStudyData, openStudyNetwork } from "../../node/open-study.ts";
import type { StudyNetwork } from "../../study-network.ts";
import { drawPicture } from "../../node/pictures.ts";
import type { TakenImage } from "../overlay.ts";

/** What is to be studied. */
export interface NetworkStudyJob extends ComputePlace {
  readonly model: string;
  /** Default: the network's own data. */
  readonly data?: string;
  readonly cache: string;
  /** Use only the first so many test images; all by default. */
  readonly limit?: number;
  readonly mistakes: number;
  readonly maps: number;
  readonly onProgress: (done: number, count: number) => void;
  readonly onNote: (text: string) => void;
}

async function predictAll(
  network: StudyNetwork,
  images: Images,
  {
    runtime,
    normalization,
    job,
  }: { readonly runtime: Runtime; readonly normalization: Normalization; readonly job: NetworkStudyJob },
): Promise<Omit<Predictions, "classes">> {
  const { module, state, imageShape } = network;
  return withInference({ runtime, module, imageShape, state, session: job.session }, async (session) => {
    const labels: number[] = [];
    let scores = new Float32Array(0);
    let width = 0;
    for await (const batch of openEvaluation(images, normalization, evaluationBatchSize(imageShape))) {
      const { data, shape } = await scoreClasses(session, batch.images);
      width = shape[1];
      if (scores.length === 0) scores = new Float32Array(images.count * width);
      scores.set(data, labels.length * width);
      for (const label of batch.labels.data) labels.push(Number(label));
      job.onProgress(labels.length, images.count);
    }
    return { labels, scores, width };
  });
}

/** Some images once more, as the network takes them. */
async function takeImages(
  images: Images,
  normalization: Normalization,
  indices: readonly number[],
): Promise<Tensor<"float32"> | undefined> {
  for await (const batch of openEvaluation(images, normalization, indices.length, Uint32Array.from(indices)))
    return float32(batch.images.shape, Float32Array.from(batch.images.data));
  return undefined;
}

/** One of them, back from what the network takes to what people see. */
function showImage(taken: Tensor<"float32">, index: number, { mean, deviation }: Normalization): TakenImage {
  const [, channels, height, width] = taken.shape;
  const size = sizeOf([channels, height, width]);
  const pixels = taken.data.slice(index * size, (index + 1) * size).map((value, place) => {
    const channel = Math.floor(place / (height * width));
    return 255 * (value * deviation[channel] + mean[channel]);
  });
  return { channels, height, width, pixels };
}

const sure = (probability: number): string => `${(100 * probability).toFixed(0)} %`;

function nameMistake({ label, predicted, confidence }: Judged, classes: readonly string[]): Words {
  const [said, is] = [classes[predicted] ?? String(predicted), classes[label]];
  return { en: `said ${said} (${sure(confidence)}), is ${is}`, zh: `判为 ${said}（${sure(confidence)}），实为 ${is}` };
}

/**
 * Studies a trained network: its predictions on the test images, its worst mistakes, and where it looks.
 *
 * @throws {FormatError} if the model's file is damaged; {OptionError} or {ShapeError} if the data do not fit it
 */
export async function studyNetwork(job: NetworkStudyJob): Promise<ClassificationStudy> {
  const network = await openStudyNetwork(job.model);
  network.notes.forEach(job.onNote);
  const data = await openStudyData(network, job.data, job);
  const { classes, normalization } = data;
  const images = job.limit === undefined ? data.test : takeFirst(data.test, Math.min(job.limit, data.test.count));
  const opened = await openDevice(job.device);
  const { runtime } = opened;
  const predictions = await predictAll(network, images, { runtime, normalization, job });
  const names = Array.from({ length: predictions.width }, (_, index) => classes[index] ?? String(index));
  const judged = judgeImages({ ...predictions, classes: names });
  const wrong = judged.filter(({ label, predicted }) => label !== predicted).toSorted((a, b) => b.loss - a.loss);
  const right = judged.filter(({ label, predicted }) => label === predicted).toSorted((a, b) => a.loss - b.loss);
  const draw = (chosen: readonly Judged[]): Promise<readonly Picture[]> =>
    drawPictures(chosen, { images, normalization, classes: names });
  const looked = [...pickDifferent(right, job.maps), ...wrong.slice(0, job.maps)];
  const { graph } = describableModule(network.module, network.imageShape);
  const { parameters, multiplyAdds } = describeGraph(graph);
  return {
    label: network.label,
    data: data.name,
    ...computedOn(opened),
    parameters,
    ...(multiplyAdds === undefined ? {} : { multiplyAdds }),
    classes: names,
    judged,
    architecture: drawArchitecture(graph, network.label, { style: "page" }),
    mistakes: await draw(wrong.slice(0, job.mistakes)),
    maps: await drawMaps(looked, { images, normalization, classes: names, network, runtime, job }),
  };
}

/** The surest of every class before the second of any. */
function pickDifferent(judged: readonly Judged[], count: number): readonly Judged[] {
  const first = judged.filter(({ label }, index) => judged.findIndex((other) => other.label === label) === index);
  const rest = judged.filter((one) => !first.includes(one));
  return [...first, ...rest].slice(0, count);
}

interface Shown {
  readonly images: Images;
  readonly normalization: Normalization;
  readonly classes: readonly string[];
}

async function drawPictures(
  chosen: readonly Judged[],
  { images, normalization, classes }: Shown,
): Promise<readonly Picture[]> {
  if (chosen.length === 0) return [];
  const indices = chosen.map(({ index }) => index);
  const taken = await takeImages(images, normalization, indices);
  if (taken === undefined) return [];
  return chosen.map((one, place) => ({
    png: drawPicture(showImage(taken, place, normalization)),
    caption: nameMistake(one, classes),
    tone: "bad",
  }));
}

async function drawMaps(
  chosen: readonly Judged[],
  {
    images,
    normalization,
    classes,
    network,
    runtime,
    job,
  }: Shown & { readonly network: StudyNetwork; readonly runtime: Runtime; readonly job: NetworkStudyJob },
): Promise<readonly Picture[]> {
  if (chosen.length === 0) return [];
  const taken = await takeImages(
    images,
    normalization,
    chosen.map(({ index }) => index),
  );
  if (taken === undefined) return [];
  const { module, state, classes: count } = network;
  let maps: readonly ActivationMap[];
  try {
    const wanted = chosen.map(({ predicted }) => predicted);
    maps = await computeGradCam({ runtime, module, state, classes: count, session: job.session }, taken, wanted);
  } catch (error) {
    // A network without planes, or with an operator that has no gradient, is reported without.
    if (!(error instanceof ResiduaError)) throw error;
    job.onNote(`no Grad-CAM pictures: ${error.message}`);
    return [];
  }
  return chosen.flatMap(({ label, predicted }, place): readonly Picture[] => {
    const isRight = label === predicted;
    const [said, is] = [classes[predicted] ?? String(predicted), classes[label]];
    const image = showImage(taken, place, normalization);
    return [
      { png: drawPicture(image), caption: is },
      {
        png: drawPicture(image, maps[place]),
        caption: { en: `said ${said}`, zh: `判为 ${said}` },
        tone: isRight ? "good" : "bad",
      },
    ];
  });
}
