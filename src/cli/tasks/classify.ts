import { Option } from "commander";
import { catalog, datasetNames, type StandardAugmentation } from "../../data/catalog.ts";
import type { TrainedNetwork } from "../../networks/open.ts";
import type { Report } from "../../report/report.ts";
import { confusionMatrix, scoreClasses } from "../../tasks/classify/predictions.ts";
import type { Classification } from "../../tasks/classify/judge.ts";
import type { ClassificationStudy } from "../../tasks/classify/report.ts";
import { tasks } from "../../tasks/find-task.ts";
import { loadTask } from "../../tasks/loaded-network.ts";
import { nodeTask } from "../../tasks/classify/node/task.ts";
import { findNodeTask } from "../../tasks/node/find-node-task.ts";
import { cautionsOf } from "../../train/cautions.ts";
import { accuracy } from "../../train/measure.ts";
import type { Evaluation } from "../../train/evaluation.ts";
import { cacheFolder } from "../cache.ts";
import { imageChoice, imageOptions, sayNote } from "../image-options.ts";
import { describeMeasure, percent } from "../measures-output.ts";
import { onlyGiven, wholeNumber } from "../options.ts";
import { formatTable, print, printJson, printLines, say } from "../output.ts";
import { doEach, findImages, reportFailures } from "../input-images.ts";
import { createProgress } from "../progress.ts";
import type { EvaluationRequest, PredictionRequest, ReportRequest, TaskFlags } from "../task-flags.ts";

function describeTest(test: Evaluation): string {
  const { count, loss, topK } = test as Evaluation & Partial<Classification>;
  const top = topK === undefined ? "" : ` (top ${topK.k}: ${percent(topK.accuracy)})`;
  return `Test: ${describeMeasure(test, accuracy)} of ${count} images${top}, loss ${loss.toFixed(4)}.`;
}

async function evaluate(
  network: TrainedNetwork,
  { model, data: wanted, limit, json, options }: EvaluationRequest,
): Promise<void> {
  const loaded = loadTask(network, model, "classify");
  const { openSamples } = await findNodeTask(loaded.task);
  const choice = { cache: cacheFolder(), onNote: sayNote, ...onlyGiven({ data: wanted, limit }) };
  const { data, samples } = await openSamples(loaded, choice);
  const found = await loaded.judge(samples, { topK: (options as { readonly topK: number }).topK });
  const { measures, unmeasured: _, ...rest } = found;
  const { count, topK, loss } = rest;
  for (const caution of cautionsOf(found, accuracy, "the test images")) say(caution);
  if (json) return printJson({ model, data, ...rest, ...measures });
  print(
    `${describeMeasure(found, accuracy)} of ${count} test images (top ${topK.k}: ${percent(topK.accuracy)}), loss ${loss.toFixed(4)}`,
  );
}

async function predict(network: TrainedNetwork, { model, paths, json, options }: PredictionRequest): Promise<void> {
  const loaded = loadTask(network, model, "classify");
  const { readInput } = await findNodeTask(loaded.task);
  const { top, ...choice } = options as { readonly top: number; readonly page?: number; readonly channel?: number };
  const images = await findImages(paths);
  const { results, failures } = await doEach(images, async (image) => {
    const input = await readInput(image, loaded.card, { ...imageChoice(choice), onNote: sayNote });
    return { image, predictions: await loaded.predict(input, { top }) };
  });
  reportFailures(failures, images.length);
  if (json) return printJson({ model, results, ...(failures.length === 0 ? {} : { failures }) });
  const columns = [
    { title: "image", value: (row: (typeof results)[number]) => row.image },
    {
      title: "classes",
      value: (row: (typeof results)[number]) =>
        row.predictions.map((found) => `${found.class} ${(100 * found.probability).toFixed(1)} %`).join(", "),
    },
  ];
  printLines(formatTable(columns, results));
}

async function study(model: string, request: ReportRequest): Promise<ClassificationStudy> {
  const { studyNetwork } = await import("../../lab/network/node/study.ts");
  const { findTraining } = await import("./classify/training-curves.ts");
  const { data, limit, threads, mistakes, store, options } = request;
  const progress = createProgress();
  const found = await studyNetwork({
    model,
    cache: cacheFolder(),
    mistakes,
    maps: (options as { readonly maps: number }).maps,
    session: threads === undefined ? {} : { threads },
    onNote: say,
    onProgress: (done, count) => progress.update(`${done}/${count} test images`, done / count),
    ...onlyGiven({ data, limit }),
  });
  progress.finish();
  return { ...found, ...(await findTraining(model, store)) };
}

/** A study's figures, as `--json` prints them. */
function toJson(model: string, { label, data, classes, judged, parameters, run }: ClassificationStudy): object {
  const confusion = confusionMatrix(judged, classes.length);
  const right = judged.filter(({ label: own, predicted }) => own === predicted).length;
  return {
    model,
    network: label,
    data,
    parameters,
    images: judged.length,
    accuracy: judged.length === 0 ? null : right / judged.length,
    classes: scoreClasses(confusion, classes),
    confusion,
    ...(run === undefined ? {} : { run }),
  };
}

async function report(
  model: string,
  request: ReportRequest,
): Promise<{ readonly report: Report; readonly json: object }> {
  const found = await study(model, request);
  return { report: tasks.classify.report(found), json: toJson(model, found) };
}

const namesWith = (holds: (row: StandardAugmentation) => boolean): string =>
  datasetNames.filter((name) => holds(catalog[name].augmentation)).join(", ");
const mirrored = namesWith(({ flip }) => flip);
const augmented = namesWith(({ byDefault }) => byDefault);

/** Classification on the command line. */
export const flags: TaskFlags = {
  heading: "Classification:",
  options: {
    train: () => [
      new Option(
        "--augment",
        `random crops with 4 black pixels of padding, and mirroring for ${mirrored} (default: for ${augmented})`,
      ),
      new Option("--no-augment", "train on the unchanged images"),
      new Option(
        "--normalization <by>",
        "whose mean and deviation normalise the images (default: what --from's file records, else data)",
      ).choices(["data", "imagenet"]),
    ],
    evaluate: () => [
      new Option("--top-k <n>", "also measure how often the label is among the n highest scores")
        .argParser(wholeNumber(1))
        .default(5),
    ],
    predict: () => [
      new Option("--top <n>", "classes to show per image").argParser(wholeNumber(1)).default(3),
      ...imageOptions(),
    ],
    report: () => [
      new Option("--maps <n>", "Grad-CAM pictures for n correct answers and n mistakes")
        .argParser(wholeNumber(0))
        .default(8),
    ],
  },
  impliedBy: [],
  startTraining: nodeTask.startTraining,
  optionsOf: ({ data }) => ({ augment: !data.augmentation.startsWith("crop 0") }),
  describeTest,
  evaluate,
  predict,
  report,
};
