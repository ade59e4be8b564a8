import type { Comparison } from "./comparison.ts";

/** Whom a benchmark compares with. */
export type Peer = "torch" | "tensorflow" | "onnxruntime" | "ourselves";

/** What a benchmark may use. */
export interface BenchmarkSetting {
  /** On both sides. */
  readonly threads: number;
  /** Pythons whose PyTorch to compare with; the system's if there are none. */
  readonly pythons: readonly string[];
  /** Tells what is being measured. */
  readonly say: (text: string) => void;
}

/** Something that is measured beside a peer, in one run. */
export interface Benchmark {
  readonly name: string;
  readonly against: Peer;
  readonly run: (setting: BenchmarkSetting) => Promise<readonly Comparison[]>;
}
