import { Option } from "commander";
import type { TrainedNetwork } from "../../networks/open.ts";
import type { Report } from "../../report/report.ts";
import { confusionMatrix, scoreClasses } from "../../tasks/classify/predictions.ts";
import type { Classification } from "../../tasks/classify/judge.ts";
import type { ClassificationStudy } from "../../tasks/classify/report.ts";
import type { Prediction } from "../../tasks/classify/predict.ts";
import { tasks } from "../../tasks/find-task.ts";
import { loadTask } from "../../tasks/loaded-network.ts";
import { nodeTask } from "../../tasks/classify/node/task.ts";
import { findNodeTask } from "../../tasks/node/find-node-task.ts";
import type { Evaluation } from "../../train/evaluation.ts";
import { cacheFolder } from "../cache.ts";
import { onlyGiven, wholeNumber } from "../options.ts";
import { formatTable, print, printJson, say } from "../output.ts";
import { createProgress } from "../progress.ts";
import { findTraining } from "./classify/training-curves.ts";
import type { EvaluationRequest, PredictionRequest, ReportRequest, TaskFlags } from "../task-flags.ts";

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

function describeTest(test: Evaluation): string {
  const { count, accuracy, loss, topK } = test as Evaluation & Partial<Classification>;
  const top = topK === undefined ? "" : ` (top ${topK.k}: ${percent(topK.accuracy)})`;
  return `Test: ${percent(accuracy)} of ${count} images${top}, loss ${loss.toFixed(4)}.`;
}

async function evaluate(
  network: TrainedNetwork,
  { model, data: wanted, limit, json, options }: EvaluationRequest,
): Promise<void> {
  const loaded = loadTask(network, model, "classify");
  const { openSamples } = await findNodeTask(loaded.task);
  const choice = { cache: cacheFolder(), ...onlyGiven({ data: wanted, limit }) };
  const { data, samples } = await openSamples(loaded, choice);
  const found = await loaded.judge(samples, { topK: (options as { readonly topK: number }).topK });
  const { accuracy, count, topK, loss } = found;
  if (json) return printJson({ model, data, ...found });
  print(
    `${percent(accuracy)} of ${count} test images (top ${topK.k}: ${percent(topK.accuracy)}), loss ${loss.toFixed(4)}`,
  );
}

async function predict(network: TrainedNetwork, { model, paths, json, options }: PredictionRequest): Promise<void> {
  const loaded = loadTask(network, model, "classify");
  const { readInput } = await findNodeTask(loaded.task);
  const { top } = options as { readonly top: number };
  const results: { readonly image: string; readonly predictions: readonly Prediction[] }[] = [];
  for (const image of paths) {
    const input = await readInput(image, loaded.card);
    results.push({ image, predictions: await loaded.predict(input, { top }) });
  }
  if (json) return printJson({ model, results });
  const columns = [
    { title: "image", value: (row: (typeof results)[number]) => row.image },
    {
      title: "classes",
      value: (row: (typeof results)[number]) =>
        row.predictions.map((found) => `${found.class} ${(100 * found.probability).toFixed(1)} %`).join(", "),
    },
  ];
  print(formatTable(columns, results));
}

async function study(model: string, request: ReportRequest): Promise<ClassificationStudy> {
  const { studyNetwork } = await import("../../lab/network/node/study.ts");
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

/** A study's figures, as `--json` gives them. */
function toJson(model: string, { label, data, classes, judged, parameters, run }: ClassificationStudy): object {
  const confusion = confusionMatrix(judged, classes.length);
  const right = judged.filter(({ label: own, predicted }) => own === predicted).length;
  return {
    model,
    network: label,
    data,
    parameters,
    images: judged.length,
    accuracy: right / judged.length,
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

/** Classification on the command line. */
export const flags: TaskFlags = {
  heading: "Classification:",
  options: {
    train: () => [
      new Option("--augment", "random crops with 4 black pixels around, and mirroring for CIFAR (default: for CIFAR)"),
      new Option("--no-augment", "train on the images as they are"),
      new Option(
        "--normalization <by>",
        "mean and deviation of images (default: what --from's file records, else data)",
      ).choices(["data", "imagenet"]),
    ],
    evaluate: () => [
      new Option("--top-k <n>", "also count a label among the n highest scores").argParser(wholeNumber(1)).default(5),
    ],
    predict: () => [new Option("--top <n>", "classes to show for each image").argParser(wholeNumber(1)).default(3)],
    report: () => [
      new Option("--maps <n>", "Grad-CAM pictures of n right answers and n mistakes")
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
