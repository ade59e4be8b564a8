import { join } from "node:path";
import { toDataset } from "../../../data/labelled-images.ts";
import { openEvaluation } from "../../../data/node/evaluation.ts";
import { imageSource } from "../../../data/node/image-source.ts";
import { createBatchLoader } from "../../../data/node/loader.ts";
import { openDataset } from "../../../data/node/open.ts";
import type { RunOf } from "../../../jobs/job.ts";
import { openJournal } from "../../../jobs/node/journal.ts";
import { createNodeRuntime } from "../../../runtime/node.ts";
import { chooseLowering } from "../../../train/lowering.ts";
import { createModelCache } from "../../../train/node/model-cache.ts";
import { safetensorsCodec } from "../../../weights/safetensors/journal.ts";
import { performComparison } from "../perform.ts";
import type { comparisonJob } from "./job.ts";

/** The job of {@link comparisonJob}. */
export const compareNetworks: RunOf<typeof comparisonJob> = async (job, context) => {
  const runtime = createNodeRuntime();
  const { images, data, cache, workers, checkpoints } = job;
  const format = { channels: 3, height: 32, width: 32 };
  return performComparison(
    job,
    {
      runtime,
      chosen: await chooseLowering(runtime, job.lowering),
      cache: createModelCache(join(cache, "compiled")),
      data: images === undefined ? await openDataset(data, cache, format) : toDataset(images),
      prepare: (batches, firstStep) => createBatchLoader(imageSource(batches), { workers, firstStep }),
      evaluate: openEvaluation,
      openJournal: (run, options) => openJournal(checkpoints?.[run], { ...options, codec: safetensorsCodec }),
    },
    context,
  );
};
