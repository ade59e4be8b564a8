import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildInference, toModel } from "../compile/inference.ts";
import { initializeState } from "../nn/initialization.ts";
import { createModel } from "../nn/models.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Benchmark } from "./benchmark.ts";
import { compareRates } from "./comparison.ts";
import { startContender, takeTurns } from "./contender.ts";

/** The exported network through Residua's runtime, against onnxruntime-node on the same file. */
function inferenceBenchmark(model: string, batch: number, size: number, passes: number): Benchmark {
  const name = `${model}-inference`;
  return {
    name,
    against: "onnxruntime",
    run: async ({ threads, say }) => {
      say(name);
      const folder = await mkdtemp(join(tmpdir(), "residua-bench-"));
      const file = join(folder, "model.onnx");
      const { module } = createModel(model);
      await writeFile(file, encodeModel(toModel(buildInference(module, [3, size, size], initializeState(module, 0)))));
      const script = fileURLToPath(new URL("./inference-contender.js", import.meta.url));
      const contenders = ["residua", "onnxruntime"].map((side) =>
        startContender(side, process.execPath, [script, side, file, String(batch), String(size), String(threads)], ""),
      );
      try {
        const [ours, plain] = await takeTurns(contenders, 6, passes);
        return [compareRates(name, batch, { ours, peer: plain, peerName: "onnxruntime-node" })];
      } finally {
        await Promise.all(contenders.map((contender) => contender.stop()));
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

export const inferenceBenchmarks: readonly Benchmark[] = [
  inferenceBenchmark("resnet20", 128, 32, 10),
  inferenceBenchmark("resnet50", 8, 224, 2),
];
