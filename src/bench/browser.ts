import type { Benchmark } from "./benchmark.ts";
import { startBrowserContenders } from "./browser-contenders.ts";
import { takeTurns } from "./contender.ts";
import { medianOf, spreadOf } from "./statistics.ts";

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
      const [own, other] = [BATCH / medianOf(ours), BATCH / medianOf(peer)];
      const spread = spreadOf(ours);
      return [{ name, unit: "images/s", ours: own, peer: other, peerName: peer.name, ratio: own / other, spread }];
    } finally {
      await close();
    }
  },
};
