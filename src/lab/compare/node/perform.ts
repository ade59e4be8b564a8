import { join } from "node:path";
import { toDataset } from "../../../data/labelled-images.ts";
import { openEvaluation } from "../../../data/node/evaluation.ts";
import { imageSource } from "../../../data/node/image-source.ts";
import { createBatchLoader } from "../../../data/node/loader.ts";
import { openDataset } from "../../../data/node/open.ts";
import type { RunOf } from "../../../jobs/job.ts";
import { openJournal } from "../../../jobs/node/journal.ts";
import { createModelCache } from "../../../train/node/model-cache.ts";
import { openEngine } from "../../../train/node/open-engine.ts";
import { safetensorsCodec } from "../../../weights/safetensors/journal.ts";
import type { ComparisonHost } from "../host.ts";
import { performComparison } from "../perform.ts";
import { folderFormat } from "./identify-images.ts";
import type { CompareJob, comparisonJob } from "./job.ts";

/** What computes a comparison on this machine, from data that lie here. */
export async function openComparisonHost(
  { images, data, cache, workers, lowering, device, recipe, runs }: CompareJob,
  openRunJournal: ComparisonHost["openJournal"],
): Promise<ComparisonHost> {
  const isMixed = [recipe, ...runs.map((run) => run.recipe)].some((each) => each?.precision === "mixed");
  // One for all runs, so that they differ in nothing else: portable if any has mixed precision.
  const how = { lowering, ...(device === undefined ? {} : { device }) };
  const { runtime, chosen, place } = await openEngine(how, isMixed ? "mixed" : "float32");
  return {
    runtime,
    chosen,
    ...place,
    cache: createModelCache(join(cache, "compiled")),
    data: images === undefined ? await openDataset(data, cache, folderFormat) : toDataset(images),
    prepare: (batches, firstStep) => createBatchLoader(imageSource(batches), { workers, firstStep }),
    evaluate: openEvaluation,
    openJournal: openRunJournal,
  };
}

/** The job of {@link comparisonJob}. */
export const compareNetworks: RunOf<typeof comparisonJob> = async (job, context) => {
  const host = await openComparisonHost(job, (run, options) =>
    openJournal(job.checkpoints?.[run], { ...options, codec: safetensorsCodec }),
  );
  return performComparison(job, host, context);
};
