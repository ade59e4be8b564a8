import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "./benchmark.ts";
import { startContender } from "./contender.ts";
import { medianOf, spreadOf } from "./comparison.ts";

const ROUNDS = 3;

/** Time until a training step is ready, each time in a process of its own: anew, from the cache, and with ONNX Runtime's own rewriting. */
function compileBenchmark(model: string, batch: number, size: number): Benchmark {
  const name = `${model}-compile`;
  return {
    name,
    against: "ourselves",
    run: async ({ threads, say }) => {
      say(name);
      const folder = await mkdtemp(join(tmpdir(), "residua-bench-"));
      const script = fileURLToPath(new URL("./compile-contender.js", import.meta.url));
      const measure = async (cache: string, rewriting: "all" | "own"): Promise<number> => {
        const options = [model, String(batch), String(size), String(threads), cache, rewriting];
        const contender = startContender(name, process.execPath, [script, ...options], "");
        const { seconds } = await contender.run(1).finally(() => contender.stop());
        return seconds[0];
      };
      try {
        await measure(folder, "own");
        const seconds: Record<"anew" | "cached" | "rewritten", number[]> = { anew: [], cached: [], rewritten: [] };
        for (let round = 0; round < ROUNDS; round++) {
          seconds.anew.push(await measure("none", "own"));
          seconds.cached.push(await measure(folder, "own"));
          seconds.rewritten.push(await measure("none", "all"));
        }
        const ours = medianOf({ seconds: seconds.anew });
        const spread = spreadOf({ seconds: seconds.anew });
        const row = (peerName: string, peer: number) => ({
          name,
          unit: "s",
          ours,
          peer,
          peerName,
          ratio: peer / ours,
          spread,
        });
        return [
          row("from the cache", medianOf({ seconds: seconds.cached })),
          row("with the runtime's rewriting", medianOf({ seconds: seconds.rewritten })),
        ];
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

export const compileBenchmarks: readonly Benchmark[] = [
  compileBenchmark("resnet50", 8, 224),
  compileBenchmark("resnet110", 128, 32),
];
