import type { Run } from "../../../store/run.ts";
import { readMetricPages, type RunStore } from "../../../store/run-store.ts";
import { accuracy as main } from "../../../train/measure.ts";
import type { ClassificationStudy, TrainingCurve, TrainingFigure } from "../../../tasks/classify/report.ts";
import { findTrainingRun } from "../training-run.ts";

const CURVE_POINTS = 300;

/** The training run behind a file with its curves, if the run store knows it. */
export function findTraining(
  path: string,
  store: string | false | undefined,
): Promise<Pick<ClassificationStudy, "run" | "curves" | "origin">> {
  return findTrainingRun<Pick<ClassificationStudy, "curves">>(
    path,
    store,
    async (opened, run) => {
      const curves = await readCurves(opened, run);
      return curves.length === 0 ? {} : { curves };
    },
    { en: "the training curves are left out", zh: "略去训练曲线" },
  );
}

interface Point {
  readonly step: number;
  readonly epoch: number | null;
  readonly value: number;
}

async function readMetric(store: RunStore, id: string, name: string): Promise<readonly Point[]> {
  const points: Point[] = [];
  for await (const page of readMetricPages(store, id, name)) {
    for (const { step, epoch, value } of page) if (Number.isFinite(value)) points.push({ step, epoch, value });
  }
  return points.toSorted((a, b) => a.step - b.step);
}

function thinOut(values: readonly Point[]): TrainingCurve["points"] {
  const width = Math.max(1, Math.ceil(values.length / CURVE_POINTS));
  return Array.from({ length: Math.ceil(values.length / width) }, (_, index) => {
    const part = values.slice(index * width, (index + 1) * width);
    return { x: part.at(-1)!.step, y: part.reduce((sum, { value }) => sum + value, 0) / part.length };
  });
}

/** What is measured by epochs stands at their last steps. */
function placeEpochs(values: readonly Point[], lastSteps: ReadonlyMap<number, number>): TrainingCurve["points"] {
  return values.flatMap(({ step, value }) => {
    const x = lastSteps.get(step);
    return x === undefined ? [] : [{ x, y: value }];
  });
}

const words = {
  training: { en: "training batches", zh: "训练批次" },
  validation: { en: "validation images", zh: "验证图像" },
  epochs: { en: "training images, by epoch", zh: "训练图像（按轮）" },
  loss: { en: "loss", zh: "损失" },
  rate: { en: "learning rate", zh: "学习率" },
} as const;

/** Loss, the task's main measure by its name, and learning rate, as far as they were recorded. */
async function readCurves(store: RunStore, { id, summary }: Run): Promise<readonly TrainingFigure[]> {
  const read = (name: string): Promise<readonly Point[]> =>
    Object.hasOwn(summary, name) ? readMetric(store, id, name) : Promise.resolve([]);
  const losses = await read("loss");
  const lastSteps = new Map(losses.flatMap(({ step, epoch }) => (epoch === null ? [] : [[epoch, step] as const])));
  const curve = (name: TrainingCurve["name"], points: TrainingCurve["points"]): readonly TrainingCurve[] =>
    points.length === 0 ? [] : [{ name, points }];
  const asPercent = (points: readonly Point[]): readonly Point[] =>
    points.map((point) => ({ ...point, value: 100 * point.value }));
  const byEpoch = async (name: string): Promise<TrainingCurve["points"]> =>
    placeEpochs(asPercent(await read(name)), lastSteps);
  const figures: readonly TrainingFigure[] = [
    {
      name: "training-loss",
      label: words.loss,
      curves: [
        ...curve(words.training, thinOut(losses)),
        ...curve(words.validation, placeEpochs(await read("validation/loss"), lastSteps)),
      ],
    },
    {
      name: "training-measure",
      label: { en: `${main.words.en}, %`, zh: `${main.words.zh}，%` },
      curves: [
        ...curve(words.epochs, await byEpoch(`epoch/${main.name}`)),
        ...curve(words.validation, await byEpoch(`validation/${main.name}`)),
      ],
    },
    {
      name: "learning-rate",
      label: words.rate,
      curves: curve(words.rate, thinOut(await read("learning-rate"))),
    },
  ];
  return figures.filter(({ curves }) => curves.length > 0);
}
