import * as ort from "onnxruntime-web/wasm";
import { portableChoices } from "../../../compile/portable/choices.ts";
import { createPortableLowering } from "../../../compile/portable/lowering.ts";
import { readImageBlob } from "../../../data/web/image.ts";
import type { JobContext } from "../../../jobs/job.ts";
import { serveInWorker } from "../../../jobs/web/worker.ts";
import { openNetwork } from "../../../networks/open.ts";
import { fetchReady } from "../../../ready/web/find.ts";
import { createWebRuntime } from "../../../runtime/web.ts";
import { readSettings } from "../../../tasks/find-task.ts";
import { type MaskedRaster, renumber } from "../../../tasks/segment/data/set.ts";
import { fineTune } from "../../../tasks/segment/fine-tune.ts";
import { judgeSegmentation } from "../../../tasks/segment/judge.ts";
import { UnsupportedError } from "../../../tensor/errors.ts";
import type { Agreement, CorrectedPicture, TuneEvent, TuneInput, TuneResult, tuning } from "./tune-job.ts";

const session = { executionProviders: ["wasm"], memoryPattern: true };
const runtime = createWebRuntime({
  ort,
  wasm: new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url),
});

/** What a network's file is called in errors. */
const where = "cells.onnx";
const seed = 0;

async function readPicture({ file, labels }: CorrectedPicture): Promise<MaskedRaster> {
  return { name: file.name, image: await readImageBlob(file), mask: renumber(labels, file.name) };
}

/** How the cells that a network finds agree with the corrected ones, picture by picture. */
async function judge(
  bytes: Uint8Array,
  pictures: readonly MaskedRaster[],
): Promise<readonly (Agreement & { readonly cells: number })[]> {
  const network = await openNetwork(runtime, bytes, where, { session });
  try {
    const settings = readSettings(network.card.task, "segment", where);
    const samples = pictures.map((picture) => ({ ...picture, where: picture.name }));
    // As the page finds them: one view of each tile.
    const { found } = await judgeSegmentation({ ...network, settings }, samples, { views: 1 });
    if (found.target !== "instances") throw new UnsupportedError(where, "gives classes of points, must give cells");
    return found.images.map(({ figures: { cells, found: count, f1At50, meanAp } }) => ({
      cells,
      found: count,
      f1: f1At50,
      precision: meanAp,
    }));
  } finally {
    await network.session.release();
  }
}

async function tune(
  { pictures: given, models }: TuneInput,
  { report, shouldStop }: JobContext<TuneEvent>,
): Promise<TuneResult> {
  report({ kind: "judging", isBefore: true });
  const pictures = await Promise.all(given.map(readPicture));
  const { network } = await fetchReady("cells", models);
  const before = await judge(network.bytes, pictures);
  report({ kind: "building" });
  let reached = { step: 0, steps: 0 };
  const { outcome, onnx } = await fineTune(
    { network: { bytes: network.bytes, where }, pictures, seed },
    {
      runtime,
      lowering: createPortableLowering(portableChoices.wasm),
      session,
      shouldStop,
      report: ({ step, steps, stepLoss }) => {
        reached = { step, steps };
        report({ kind: "step", step, steps, loss: stepLoss });
      },
    },
  );
  const { status, reason } = outcome;
  const about = { status, ...reached, ...(reason === undefined ? {} : { reason }) };
  if (status === "diverged" || reached.step === 0) return { ...about, pictures: [] };
  report({ kind: "judging", isBefore: false });
  const after = await judge(onnx, pictures);
  return {
    ...about,
    onnx,
    pictures: pictures.map(({ name }, at) => {
      const { cells, ...own } = before[at];
      const { found, f1, precision } = after[at];
      return { name, cells, before: own, after: { found, f1, precision } };
    }),
  };
}

serveInWorker<typeof tuning>(tune, { transfer: ({ onnx }) => (onnx === undefined ? [] : [onnx.buffer]) });
