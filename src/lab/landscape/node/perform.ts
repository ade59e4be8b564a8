import { basename } from "node:path";
import { takeFirst } from "../../../data/image-set.ts";
import { openEvaluation } from "../../../data/node/evaluation.ts";
import { parametersOf } from "../../../nn/module.ts";
import { computedOn, openDevice } from "../../../runtime/node/devices/open-device.ts";
import { WeightsError } from "../../../tensor/errors.ts";
import { formatShape, sameShape } from "../../../tensor/shape.ts";
import { bytesOf } from "../../../tensor/tensor.ts";
import type { LabeledBatch } from "../../../train/batch.ts";
import { evaluationBatchSize } from "../../../train/evaluation.ts";
import type { JobContext } from "../../../jobs/job.ts";
import { type Direction, drawDirection, findTrajectoryPlane, gridOf, type Weights } from "../directions.ts";
import { measurePoint, planPlane, type Point } from "../points.ts";
import type { LandscapeStudy, LossPlane } from "../study.ts";
import type { LandscapeEvent, LandscapeJob } from "./job.ts";
import { identityOf } from "../../../jobs/node/journal.ts";
import { identifyStudyData, openStudyData, openStudyNetwork } from "../../node/open-study.ts";
import type { StudyNetwork } from "../../study-network.ts";
import { openPoints } from "../../node/points.ts";

/** Room around a trajectory, as a share of its extent. */
const MARGIN = 0.25;

/** @throws {WeightsError} if a snapshot is of another network */
async function readSnapshots(network: StudyNetwork, files: readonly string[]): Promise<readonly Weights[]> {
  const moments: Weights[] = [];
  for (const file of files) {
    const { state } = await openStudyNetwork(file);
    for (const [name, { shape }] of parametersOf(network.module)) {
      const found = state.get(name);
      if (found === undefined || !sameShape(found.shape, shape))
        throw new WeightsError(
          file,
          `does not fit the network given, whose "${name}" is ${formatShape(shape)}; give the checkpoint of the same run`,
        );
    }
    moments.push(state);
  }
  return moments;
}

function extentOf(values: readonly number[]): readonly [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = MARGIN * (high - low || 1);
  return [low - room, high + room];
}

/** The way of the training, where its weights fit: in a file of folded batch norms, the filters are others. */
async function findMoments(
  network: StudyNetwork,
  { snapshots, needsSnapshots }: LandscapeJob,
  note: (text: string) => void,
): Promise<readonly Weights[]> {
  try {
    return await readSnapshots(network, snapshots);
  } catch (error) {
    if (needsSnapshots || !(error instanceof WeightsError)) throw error;
    note(`left out the path of training: ${error.message}`);
    return [];
  }
}

/** The job of {@link landscapeJob}. */
export async function surveyLandscape(job: LandscapeJob, context: JobContext<LandscapeEvent>): Promise<LandscapeStudy> {
  const opened = await openDevice(job.device);
  const { runtime } = opened;
  const computed = computedOn(opened);
  const network = await openStudyNetwork(job.file);
  const note = (text: string): void => context.report({ kind: "note", text });
  const data = await openStudyData(network, job.data, { cache: job.cache, onNote: note });
  const { module, imageShape, state } = network;
  network.notes.forEach(note);
  const moments = await findMoments(network, job, note);
  const set = takeFirst(data.train, Math.min(job.images, data.train.count));
  const batches: LabeledBatch[] = [];
  for await (const batch of openEvaluation(set, data.normalization, evaluationBatchSize(imageShape)))
    batches.push(batch);
  const names = [...parametersOf(module).keys()];
  const directions = [0, 1].map((index) => drawDirection(state, names, job.seed, index)) as [Direction, Direction];
  const line = gridOf(-job.radius, job.radius, job.linePoints);
  const side = gridOf(-job.radius, job.radius, job.planePoints);
  // The way ends at the network itself.
  const plane = moments.length < 2 ? undefined : findTrajectoryPlane([...moments, state], names);
  const sides =
    plane &&
    ([0, 1] as const).map((axis) => gridOf(...extentOf(plane.places.map((place) => place[axis])), job.planePoints));
  const points: readonly Point[] = [
    ...line.map((x) => ({ key: `line ${x}`, moves: [{ direction: directions[0], by: x }] })),
    ...planPlane("plane", directions, side, side),
    ...(plane && sides ? planPlane("trajectory", plane.directions, sides[0], sides[1]) : []),
  ];
  const { seed, images } = job;
  const snapshots = moments.length === 0 ? [] : job.snapshots;
  const weightBytes = [state, ...moments].flatMap((held) => Array.from(held.values(), bytesOf));
  const facts = {
    kind: "landscape",
    data: data.name,
    ...(await identifyStudyData(job.data ?? network.data, imageShape)),
    images,
    seed,
    snapshots: snapshots.map((file) => basename(file)),
    ...computed,
  };
  const journal = await openPoints(job.journal, identityOf(facts, weightBytes));
  let status: LandscapeStudy["status"] = "done";
  for (const [index, { key, moves }] of points.entries()) {
    if (await context.shouldStop()) {
      status = "stopped";
      break;
    }
    const known = journal.get(key);
    if (known === undefined) {
      await journal.add(key, await measurePoint({ runtime, session: job.session }, network, moves, batches));
    }
    const loss = journal.get(key)!.loss;
    context.report({ kind: "point", done: index + 1, total: points.length, loss, isKnown: known !== undefined });
  }
  const valuesOf = (quantity: "loss" | "error", keys: readonly string[]): readonly number[] =>
    keys.map((key) => journal.get(key)?.[quantity] ?? Number.NaN);
  const readPlane = (name: string, xs: readonly number[], ys: readonly number[]): LossPlane => {
    const rows = (quantity: "loss" | "error") =>
      ys.map((y) =>
        valuesOf(
          quantity,
          xs.map((x) => `${name} ${x} ${y}`),
        ),
      );
    return { xs, ys, loss: rows("loss"), error: rows("error") };
  };
  const lineKeys = line.map((x) => `line ${x}`);
  const nameStep = (file: string): string => basename(file, ".safetensors").replace(/^0+(?=\d)/, "");
  const labels = [...snapshots.map(nameStep), "end"];
  const study: LandscapeStudy = {
    label: network.label,
    data: data.name,
    images: set.count,
    ...computed,
    seed,
    radius: job.radius,
    status,
    line: { at: line, loss: valuesOf("loss", lineKeys), error: valuesOf("error", lineKeys) },
    plane: readPlane("plane", side, side),
    ...(plane && sides
      ? {
          trajectory: {
            ...readPlane("trajectory", sides[0], sides[1]),
            path: plane.places.map(([x, y], index) => ({ x, y, step: labels[index] })),
            shares: plane.shares,
          },
        }
      : {}),
  };
  await journal.flush();
  return study;
}
