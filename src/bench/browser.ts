import type { Benchmark } from "./benchmark.ts";
import { startBrowserContenders } from "./browser-contenders.ts";
import { compareRates } from "./comparison.ts";
import { takeTurns } from "./contender.ts";

const BATCH = 64;

/** Training steps of ResNet-20 in Chromium, against TensorFlow.js on its WebAssembly backend. */
export const browserBenchmark: Benchmark = {
  name: "browser",
  against: "tensorflow",
  run: async ({ threads, say }) => {
    const { name } = browserBenchmark;
    say(name);
    const { contenders, close } = await startBrowserContenders(threads, BATCH);
    try {
      const [ours, peer] = await takeTurns(contenders, 3, 2);
      return [compareRates(name, BATCH, { ours, peer, peerName: peer.name })];
    } finally {
      await close();
    }
  },
};
