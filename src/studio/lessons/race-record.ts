import { raceBar } from "./race.ts";

/** What the recorded races of a depth came to: mean losses of the last ten steps, in the order of the seeds from 0. */
export interface RecordedRaces {
  readonly depth: number;
  readonly plain: readonly number[];
  readonly residual: readonly number[];
}

/** @source docs/results/shortcut-race.json */
export const recordedRaces: readonly RecordedRaces[] = [
  {
    depth: 20,
    plain: [1.1047, 1.1882, 1.1998, 1.0303, 1.1374],
    residual: [0.37376, 0.55892, 0.37364, 0.31055, 0.39027],
  },
  {
    depth: 32,
    plain: [1.914, 2.1458, 1.6487, 1.9513, 1.5077],
    residual: [0.53899, 0.65736, 0.42078, 0.60591, 0.47562],
  },
  { depth: 56, plain: [2.3001, 2.2865, 2.2764, 2.2874, 2.2922], residual: [1.6131, 1.4371, 0.5155, 1.8022, 0.81577] },
];

/** Lowest and highest of recorded losses, and in how many of the seeds they met {@link raceBar}. */
export interface RecordSummary {
  readonly lowest: number;
  readonly highest: number;
  readonly held: number;
}

function summarize(losses: readonly number[], holds: (loss: number) => boolean): RecordSummary {
  return { lowest: Math.min(...losses), highest: Math.max(...losses), held: losses.filter(holds).length };
}

const { plain, residual } = recordedRaces.find(({ depth }) => depth === 56)!;

/** How often the lesson's picture held at depth 56. Both orders of training gave the same. */
export const raceRecord: Readonly<Record<"plain" | "residual", RecordSummary>> & { readonly seeds: number } = {
  seeds: plain.length,
  plain: summarize(plain, (loss) => loss >= raceBar.plain),
  residual: summarize(residual, (loss) => loss <= raceBar.residual),
};
