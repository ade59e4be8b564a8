import { readFile } from "node:fs/promises";
import { portableChoices } from "../../../compile/portable/choices.ts";
import { createPortableLowering } from "../../../compile/portable/lowering.ts";
import { decodePng } from "../../../data/image/png.ts";
import { serveJob } from "../../../jobs/node/child-process.ts";
import { createNodeRuntime } from "../../../runtime/node.ts";
import { cutDigits } from "../../digits.ts";
import { trainLane } from "../../train-lane.ts";
import { builtSiteFile } from "../site.ts";
import type { laneJob } from "./job.ts";

// As a page's worker computes it, so that a race has the same losses there and here: the blocked lowering sums in another order,
// and the rounding of a few steps decides what becomes of 56 layers.
serveJob<typeof laneJob>(async (job, context) => {
  const path = builtSiteFile("digits.png");
  const digits = cutDigits(await decodePng(await readFile(path)), path);
  const lowering = createPortableLowering(portableChoices.wasm);
  return trainLane(job, digits, { runtime: createNodeRuntime(), lowering, session: { threads: 1 } }, context);
});
