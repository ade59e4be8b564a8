import { type PortableChoices, portableChoices } from "../compile/portable/choices.ts";
import type { Benchmark, BenchmarkSetting } from "./benchmark.ts";
import { type BrowserSide, startBrowserContenders } from "./browser-contenders.ts";
import { compareRates } from "./comparison.ts";
import { takeTurns } from "./contender.ts";

const BATCH = 128;
/** Of a turn; TensorFlow.js takes more than ten times as long for one. */
const STEPS = { residua: 12, tensorflow: 1 } as const;
/**
 * Turns before the counting ones, on both sides: for its first twenty steps or so our side shares its cores with the
 * browser, which compiles again what is called often.
 */
const WARM_UP = 2;
const ours: BrowserSide = { side: "residua", name: "ours" };

/** Training steps of ResNet-20 in Chromium: ours beside each of the peers. */
function raceInBrowser(name: string, against: Benchmark["against"], peers: readonly BrowserSide[]): Benchmark {
  const sides = [ours, ...peers];
  const run = async ({ threads, say }: BenchmarkSetting): ReturnType<Benchmark["run"]> => {
    say(name);
    const { contenders, close } = await startBrowserContenders(sides, { threads, batch: BATCH });
    try {
      const steps = sides.map(({ side }) => STEPS[side]);
      const [own, ...others] = await takeTurns(
        contenders,
        4,
        steps,
        steps.map((turn) => turn * WARM_UP),
      );
      return others.map((peer) => compareRates(name, BATCH, { ours: own, peer, peerName: peer.name }));
    } finally {
      await close();
    }
  };
  return { name, against, run };
}

/** Each choice of the formulation for WebAssembly, changed alone. */
const otherChoices: readonly Partial<PortableChoices>[] = [
  { relu: "relu" },
  { reluGradient: "hard-sigmoid" },
  { batchNormGradient: "add" },
  { logSoftmax: "written-out" },
];

/** Against TensorFlow.js on its WebAssembly backend, and against our own graph written otherwise. */
export const browserBenchmarks: readonly Benchmark[] = [
  raceInBrowser("browser", "tensorflow", [{ side: "tensorflow", name: "tensorflow.js wasm" }]),
  raceInBrowser("browser-loops", "ourselves", [{ side: "residua", name: "ONNX Runtime's own loops", ownLoops: true }]),
  raceInBrowser(
    "browser-choices",
    "ourselves",
    [portableChoices.standard, ...otherChoices].map((choices, index) => ({
      side: "residua",
      name: index === 0 ? "standard choices" : Object.entries(choices).flat().join(" "),
      choices,
    })),
  ),
];
