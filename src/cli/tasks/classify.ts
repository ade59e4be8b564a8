import { statSync } from "node:fs";
import { dirname } from "node:path";
import { Option } from "commander";
import { catalog, datasetNames, type StandardAugmentation } from "../../data/catalog.ts";
import type { TrainedNetwork } from "../../networks/open.ts";
import { makeFolder, writeFileAtomically } from "../../files/node.ts";
import type { Report } from "../../report/report.ts";
import type { Classification } from "../../tasks/classify/judge.ts";
import type { ClassificationStudy } from "../../tasks/classify/report.ts";
import { classifyPresetNames } from "../../tasks/classify/train-options.ts";
import { predictionTable } from "../../tasks/classify/prediction-table.ts";
import { type ViewsName, viewsNames } from "../../tasks/classify/views.ts";
import { tasks } from "../../tasks/find-task.ts";
import { cautionsOf } from "../../train/cautions.ts";
import { accuracy } from "../../train/measure.ts";
import type { Evaluation } from "../../train/evaluation.ts";
import { OptionError } from "../../tensor/errors.ts";
import { cacheFolder } from "../cache.ts";
import { imageChoice, imageOptions, sayNote } from "../image-options.ts";
import { describeMeasure, percent } from "../measures-output.ts";
import { computePlace, onlyGiven, wholeNumber } from "../options.ts";
import { formatTable, print, printJson, printLines, say, sayMessage } from "../output.ts";
import { doEach, findImages, reportFailures } from "../input-images.ts";
import { OutputFileOption, requireNoInput } from "../output-file.ts";
import { holdFile } from "../output-lock.ts";
import { createProgress } from "../progress.ts";
import type { EvaluationRequest, PredictionRequest, ReportRequest, TaskFlags } from "../task-flags.ts";
import { phrase, type Words } from "../../report/words.ts";
import { heads } from "../lang/heads.ts";

/** How often the label is among the highest scores, in brackets. */
function describeTop({ topK }: Partial<Classification>): Words {
  if (topK === undefined) return "";
  const share = percent(topK.accuracy);
  return phrase({ en: ` (top ${topK.k}: `, zh: `（前 ${topK.k} 名：` }, share, { en: ")", zh: "）" });
}

function describeTest(test: Evaluation): Words {
  const { count, loss, ...rest } = test as Evaluation & Partial<Classification>;
  const measured = describeMeasure(test, accuracy);
  return phrase(
    { en: "Test: ", zh: `测试（${count} 幅图像）：` },
    measured,
    { en: ` of ${count} images`, zh: "" },
    describeTop(rest),
    { en: `, loss ${loss.toFixed(4)}.`, zh: `，损失 ${loss.toFixed(4)}。` },
  );
}

/** What networks of a task do; help has no use for it. */
const loadTasks = () =>
  Promise.all([import("../../tasks/loaded-network.ts"), import("../../tasks/node/find-node-task.ts")]);

async function evaluate(
  network: TrainedNetwork,
  { model, data: wanted, limit, json, options }: EvaluationRequest,
): Promise<void> {
  const [{ loadTask }, { findNodeTask }] = await loadTasks();
  const loaded = loadTask(network, model, "classify");
  const { openSamples } = await findNodeTask(loaded.task);
  const choice = { cache: cacheFolder(), onNote: sayNote, ...onlyGiven({ data: wanted, limit }) };
  const { data, samples } = await openSamples(loaded, choice);
  // Those of the other tasks are refused where they are given, and are here by their defaults.
  const { views } = options as { readonly views?: ViewsName };
  const found = await loaded.judge(samples, onlyGiven({ views }));
  const { measures, unmeasured: _, ...rest } = found;
  const { count, topK, loss } = rest;
  for (const caution of cautionsOf(found, accuracy, "the test images")) sayMessage(caution);
  if (json) return printJson({ model, data, ...rest, ...measures });
  print(
    phrase(
      { en: "", zh: `${count} 幅测试图像：` },
      describeMeasure(found, accuracy),
      { en: ` of ${count} test images`, zh: "" },
      describeTop({ topK }),
      { en: `, loss ${loss.toFixed(4)}`, zh: `，损失 ${loss.toFixed(4)}` },
    ),
  );
}

/** Before images are read for minutes. */
async function requireTableFile(path: string, images: readonly string[]): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new OptionError("--csv", `"${path}" is a folder, must be a file such as predictions.csv`);
  await requireNoInput([path], "--csv", images);
  await makeFolder(dirname(path));
  await holdFile(path);
}

async function predict(
  network: TrainedNetwork,
  { model, ready, paths, json, options }: PredictionRequest,
): Promise<void> {
  const [{ loadTask }, { findNodeTask }] = await loadTasks();
  const loaded = loadTask(network, model, "classify");
  const { readInput } = await findNodeTask(loaded.task);
  const { top, csv, ...choice } = options as {
    readonly top: number;
    readonly csv?: string;
    readonly page?: number;
    readonly channel?: number;
  };
  const images = await findImages(paths);
  if (csv !== undefined) await requireTableFile(csv, images);
  const { results, failures } = await doEach(images, async (image) => {
    const input = await readInput(image, loaded.card, { ...imageChoice(choice), onNote: sayNote });
    return { image, predictions: await loaded.predict(input, { top }) };
  });
  if (csv !== undefined) await writeFileAtomically(csv, predictionTable(results));
  reportFailures(failures, images.length);
  if (json)
    return printJson({ model, ...onlyGiven({ ready }), results, ...(failures.length === 0 ? {} : { failures }) });
  const columns = [
    { title: heads.images, value: (row: (typeof results)[number]) => row.image },
    {
      title: heads.classes,
      value: (row: (typeof results)[number]) =>
        row.predictions.map((found) => `${found.class} ${(100 * found.probability).toFixed(1)} %`).join(", "),
    },
  ];
  printLines(formatTable(columns, results));
  if (csv !== undefined) say({ en: `table: ${csv}`, zh: `表格：${csv}` });
}

async function study(model: string, request: ReportRequest): Promise<ClassificationStudy> {
  const { studyNetwork } = await import("../../lab/network/node/study.ts");
  const { findTraining } = await import("./classify/training-curves.ts");
  const { requireDevice } = await import("../../runtime/node/devices/require-device.ts");
  const { data, limit, mistakes, store, options } = request;
  await requireDevice(request.device);
  const progress = createProgress();
  const found = await studyNetwork({
    model,
    cache: cacheFolder(),
    mistakes,
    maps: (options as { readonly maps: number }).maps,
    ...computePlace(request),
    onNote: sayMessage,
    onProgress: (done, count) =>
      progress.update({ en: `${done}/${count} test images`, zh: `测试图像 ${done}/${count}` }, done / count),
    ...onlyGiven({ data, limit }),
  });
  progress.finish();
  return { ...found, ...(await findTraining(model, store)) };
}

/** A study's figures, as `--json` prints them. */
async function toJson(
  model: string,
  { label, data, classes, judged, parameters, run }: ClassificationStudy,
): Promise<object> {
  const { confusionMatrix, scoreClasses } = await import("../../tasks/classify/predictions.ts");
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
  return { report: tasks.classify.report(found), json: await toJson(model, found) };
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
      new Option(
        "--views <names>",
        "average the scores of each image and its mirror image, of shifts by a point, or of both: 2, 3 or 6 times slower",
      ).choices([...viewsNames]),
    ],
    predict: () => [
      new Option("--top <n>", "classes to show per image").argParser(wholeNumber(1)).default(3),
      new OutputFileOption("--csv <file>", "also write a table of all images, such as predictions.csv"),
      ...imageOptions(),
    ],
    report: () => [
      new Option("--maps <n>", "Grad-CAM pictures for n correct answers and n mistakes")
        .argParser(wholeNumber(0))
        .default(8),
    ],
  },
  presets: classifyPresetNames,
  impliedBy: [],
  startTraining: async (typed) => (await import("../../tasks/classify/node/task.ts")).nodeTask.startTraining(typed),
  optionsOf: ({ data }) => ({ augment: !data.augmentation.startsWith("crop 0") }),
  describeTest,
  evaluate,
  predict,
  report,
};
