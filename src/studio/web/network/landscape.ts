import { evaluationBatches } from "../../../data/batches.ts";
import { type Direction, drawDirection } from "../../../lab/landscape/directions.ts";
import { measurePoint } from "../../../lab/landscape/points.ts";
import type { MeasuredPoint } from "../../../lab/measured-point.ts";
import { parametersOf } from "../../../nn/module.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { LabeledBatch } from "../../../train/batch.ts";
import { evaluationBatchSize } from "../../../train/evaluation.ts";
import { landscapeGrid } from "./landscape-grid.ts";
import type { Study } from "./study.ts";
import { someOf } from "./study-images.ts";

const session = { executionProviders: ["wasm"] };

/** What is the same at all points. */
interface Survey {
  readonly directions: readonly [Direction, Direction];
  readonly batches: readonly LabeledBatch[];
}

const surveys = new WeakMap<Study, Survey>();

function surveyOf(study: Study): Survey {
  const before = surveys.get(study);
  if (before !== undefined) return before;
  const { network, normalization, images } = study;
  const { module, state, imageShape } = network;
  const names = [...parametersOf(module).keys()];
  const draw = (index: number): Direction => drawDirection(state, names, landscapeGrid.seed, index);
  const set = someOf(images.set, landscapeGrid.mostImages);
  const own: Survey = {
    directions: [draw(0), draw(1)],
    batches: [...evaluationBatches(set, normalization, evaluationBatchSize(imageShape))],
  };
  surveys.set(study, own);
  return own;
}

/** The loss where the network's weights are moved along two filter-normalised random directions. */
export function measureAt(study: Study, [x, y]: readonly [number, number], runtime: Runtime): Promise<MeasuredPoint> {
  const { directions, batches } = surveyOf(study);
  const moves = [
    { direction: directions[0], by: x },
    { direction: directions[1], by: y },
  ];
  return measurePoint({ runtime, session }, study.network, moves, batches);
}
