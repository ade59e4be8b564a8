import { addForward } from "../nn/forward.ts";
import type { Module } from "../nn/module.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import { OptionError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";

/** @throws {OptionError} unless batch norms join the batches of as many ranks as there are, or of none */
export function requireAsManyRanks(syncBatchNorm: number | undefined, ranks: number): void {
  if (syncBatchNorm === undefined || syncBatchNorm === ranks) return;
  throw new OptionError(
    "syncBatchNorm",
    `joins the batches of ${syncBatchNorm} ranks, but this training has ${ranks}; mpirun -n ${syncBatchNorm} residua train starts as many`,
  );
}

/**
 * @param frozen which parameters are never trained
 * @throws {OptionError} if no batch norm takes its statistics from a batch
 */
export function requireBatchNorm(module: Module, sampleShape: Shape, frozen: (name: string) => boolean): void {
  const g = createGraphBuilder("batch norms");
  addForward(g, module, g.input("x", "float32", [2, ...sampleShape]), { mode: "train", frozen });
  if (g.nodes().some(({ op }) => op === "BatchNormTraining")) return;
  throw new OptionError(
    "syncBatchNorm",
    "has no batch norm to join: the network has none that is trained; leave it out",
  );
}
