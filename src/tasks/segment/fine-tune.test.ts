import { expect, test } from "vitest";
import { portableChoices } from "../../compile/portable/choices.ts";
import { createPortableLowering } from "../../compile/portable/lowering.ts";
import type { NetworkCard } from "../../networks/card.ts";
import { exportOnnxChunks, readOnnxCard } from "../../networks/export.ts";
import { openNetwork } from "../../networks/open.ts";
import { initializeState } from "../../nn/initialization.ts";
import { createModel } from "../../nn/models.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { joinBytes } from "../../tensor/bytes.ts";
import type { StepProgress } from "../../train/loop.ts";
import { readSettings } from "../find-task.ts";
import { drawCells } from "./data/drawn-cells.ts";
import type { MaskedRaster } from "./data/set.ts";
import { fineTune, type FineTuned } from "./fine-tune.ts";
import { judgeSegmentation } from "./judge.ts";
import { cellScores, standardSettings } from "./settings.ts";

const runtime = createNodeRuntime();

/** A network that has learnt nothing, of a size that trains in a moment. */
function freshNetwork(): Uint8Array {
  const { name, options, module } = createModel("resunet", { channels: 1, classes: 4, stemWidth: 4 });
  const card: NetworkCard = {
    model: { name, options },
    imageShape: [1, 32, 32],
    data: "nothing",
    classes: cellScores,
    normalization: { mean: [0.25], deviation: [0.25] },
    task: { ...standardSettings },
  };
  return joinBytes(exportOnnxChunks(card, initializeState(module, 0)));
}

const network = { bytes: freshNetwork(), where: "fresh.onnx" };

const drawn = (seed: number): MaskedRaster => {
  const { image, mask } = drawCells({ seed, height: 48, width: 40, cells: 4, radius: [5, 8] });
  return { name: `drawn ${seed}`, image, mask };
};

async function tune(
  pictures: readonly MaskedRaster[],
  most = Infinity,
): Promise<FineTuned & { readonly heard: readonly StepProgress[] }> {
  const heard: StepProgress[] = [];
  const tuned = await fineTune(
    { network, pictures, seed: 0 },
    {
      runtime,
      lowering: createPortableLowering(portableChoices.wasm),
      session: {},
      report: (progress) => heard.push(progress),
      shouldStop: async () => heard.length >= most,
    },
  );
  return { ...tuned, heard };
}

test("a network learns from a few pictures: the loss falls, and what comes of it opens as one that tells cells apart", async () => {
  const { outcome, onnx, heard } = await tune(Array.from({ length: 12 }, (_, seed) => drawn(seed)));
  expect([outcome.status, heard.length]).toEqual(["done", 120]);
  const meanOf = (part: readonly StepProgress[]): number =>
    part.reduce((sum, { stepLoss }) => sum + stepLoss, 0) / part.length;
  expect(meanOf(heard.slice(-40))).toBeLessThan(meanOf(heard.slice(0, 40)));
  const card = readOnnxCard(onnx, "tuned.onnx");
  expect([card.classes, card.data]).toEqual([cellScores, "nothing, then corrected pictures"]);
  const opened = await openNetwork(runtime, onnx, "tuned.onnx");
  const settings = readSettings(card.task, "segment", "tuned.onnx");
  const { found } = await judgeSegmentation({ ...opened, settings }, [{ ...drawn(1), where: "drawn 1" }]);
  await opened.session.release();
  expect(found.images).toHaveLength(1);
});

test("stopped, it gives what it has learnt so far; the same seed gives the same bits", async () => {
  const [first, second] = [await tune([drawn(1)], 3), await tune([drawn(1)], 3)];
  expect([first.outcome.status, first.heard.length]).toEqual(["stopped", 3]);
  expect(first.onnx).toEqual(second.onnx);
  expect(first.onnx).not.toEqual(network.bytes);
});

test("pictures without a cell are refused", async () => {
  const { name, image, mask } = drawn(1);
  await expect(tune([{ name, image, mask: mask.map(() => 0) }])).rejects.toThrow(
    "pictures: have no cell in any of them, and nothing to learn",
  );
});
