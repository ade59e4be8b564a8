import { stepNames } from "../../../compile/step/names.ts";
import { type Dataset, takeFirst } from "../../../data/image-set.ts";
import { openEvaluation } from "../../../data/node/evaluation.ts";
import { computedOn, openDevice } from "../../../runtime/node/devices/open-device.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { bytesOf } from "../../../tensor/tensor.ts";
import type { LabeledBatch } from "../../../train/batch.ts";
import { evaluationBatchSize } from "../../../train/evaluation.ts";
import { loadGraph } from "../../../train/load-graph.ts";
import type { JobContext } from "../../../jobs/job.ts";
import { evaluateGraph } from "../evaluate.ts";
import { buildPathGraph, drawPaths, type PathLength, pathNames, weighPaths } from "../paths.ts";
import { buildBlockedGraph, isRemovable, rewireBlocks } from "../rewire.ts";
import { type Lesion, type LesionStudy, planLesions, planWish } from "../study.ts";
import type { LesionEvent, LesionJob } from "./job.ts";
import { identityOf } from "../../../jobs/node/journal.ts";
import { identifyStudyData, openStudyData, openStudyNetwork } from "../../node/open-study.ts";
import type { StudyNetwork } from "../../study-network.ts";
import { openPoints } from "../../node/points.ts";

async function readBatches(data: Dataset, count: number, batch: number): Promise<readonly LabeledBatch[]> {
  const images = takeFirst(data.test, Math.min(count, data.test.count));
  const batches: LabeledBatch[] = [];
  for await (const part of openEvaluation(images, data.normalization, batch)) batches.push(part);
  return batches;
}

const PATH_BATCH = 32;

/** Mean gradient norm through sampled paths of every length, many lengths in one batch. */
async function measurePaths(
  runtime: Runtime,
  network: StudyNetwork,
  data: Dataset,
  { pathSamples, scope, session: options }: LesionJob,
): Promise<readonly PathLength[]> {
  const batch = Math.min(PATH_BATCH, data.test.count);
  const blocked = buildBlockedGraph(network.module, network.imageShape, network.state, batch);
  const count = blocked.blocks.filter(({ shortcut }) => shortcut !== undefined).length;
  if (count === 0) return [];
  const loaded = await loadGraph(runtime, buildPathGraph(blocked, batch), options);
  try {
    // Every length on the same images: what they lose differs by orders of magnitude.
    const whole = Math.floor(data.test.count / batch);
    const rounds = Math.min(Math.max(1, Math.round(pathSamples / batch)), whole);
    const batches = await readBatches(data, batch * rounds, batch);
    const sums = new Float64Array(count + 1);
    for (const [round, { images, labels }] of batches.entries()) {
      for (let length = 0; length <= count; length++) {
        const lengths = Array.from({ length: batch }, () => length);
        const masks = drawPaths(count, lengths, { seed: scope.seed, round: round * (count + 1) + length });
        const { [pathNames.norms]: norms } = await loaded.run({
          [stepNames.images]: images,
          [stepNames.labels]: labels,
          [pathNames.residual]: masks.residual,
          [pathNames.shortcut]: masks.shortcut,
        });
        sums[length] += (norms.data as Float32Array).reduce((a, b) => a + b, 0);
      }
    }
    return weighPaths(Array.from(sums, (sum) => sum / (batch * batches.length)));
  } finally {
    await loaded.release();
  }
}

/** The job of {@link lesionJob}. */
export async function cutNetwork(job: LesionJob, context: JobContext<LesionEvent>): Promise<LesionStudy> {
  const opened = await openDevice(job.device);
  const { runtime } = opened;
  const place = computedOn(opened);
  const network = await openStudyNetwork(job.file);
  const blocked = buildBlockedGraph(network.module, network.imageShape, network.state);
  const wished = planWish(blocked, job.wish);
  const plans = [...planLesions(blocked, job.scope), ...(wished === undefined ? [] : [wished])];
  const onNote = (text: string): void => context.report({ kind: "note", text });
  const data = await openStudyData(network, job.data, { cache: job.cache, onNote });
  network.notes.forEach(onNote);
  const batches = await readBatches(data, job.images, evaluationBatchSize(network.imageShape));
  const images = batches.reduce((sum, { labels }) => sum + labels.data.length, 0);
  const identity = identityOf(
    {
      kind: "lesion",
      data: data.name,
      ...(await identifyStudyData(job.data ?? network.data, network.imageShape)),
      images,
      ...place,
    },
    Array.from(network.state.values(), bytesOf),
  );
  const journal = await openPoints(job.journal, identity);
  const lesions: Lesion[] = [];
  let status: LesionStudy["status"] = "done";
  for (const [index, { uses, ...plan }] of plans.entries()) {
    if (await context.shouldStop()) {
      status = "stopped";
      break;
    }
    const known = journal.get(JSON.stringify(uses));
    const point =
      known ?? (await evaluateGraph(runtime, rewireBlocks(blocked, uses), { batches, session: job.session }));
    if (known === undefined) await journal.add(JSON.stringify(uses), point);
    lesions.push({ ...plan, ...point });
    const { error } = point;
    context.report({
      kind: "point",
      done: index + 1,
      total: plans.length,
      key: plan.key,
      error,
      isKnown: known !== undefined,
    });
  }
  const paths = status === "done" ? await measurePaths(runtime, network, data, job) : [];
  await journal.flush();
  return {
    label: network.label,
    data: data.name,
    images,
    ...place,
    classes: data.classes.length,
    seed: job.scope.seed,
    status,
    blocks: blocked.blocks.map((block) => ({
      name: block.name,
      kind: block.kind,
      removable: isRemovable(blocked.graph, block),
    })),
    lesions,
    paths,
  };
}
