import { withInference } from "../../networks/inference.ts";
import type { Runtime, SessionOptions } from "../../runtime/runtime.ts";
import type { LabeledBatch } from "../../train/batch.ts";
import { type MeasuredPoint, measureSession } from "../measured-point.ts";
import type { StudyNetwork } from "../study-network.ts";
import { type Direction, moveWeights } from "./directions.ts";

/** Where a point lies: how far along which directions. */
export type Moves = readonly { readonly direction: Direction; readonly by: number }[];

/** A point of a landscape; the key tells it from the others. */
export interface Point {
  readonly key: string;
  readonly moves: Moves;
}

/** Where the points of a plane lie, row by row. */
export function planPlane(
  name: string,
  [first, second]: readonly [Direction, Direction],
  xs: readonly number[],
  ys: readonly number[],
): readonly Point[] {
  return ys.flatMap((y) =>
    xs.map((x) => ({
      key: `${name} ${x} ${y}`,
      moves: [
        { direction: first, by: x },
        { direction: second, by: y },
      ],
    })),
  );
}

/** Measures loss and error of a network whose weights were moved. */
export function measurePoint(
  { runtime, session }: { readonly runtime: Runtime; readonly session: SessionOptions },
  { module, imageShape, state }: Pick<StudyNetwork, "module" | "imageShape" | "state">,
  moves: Moves,
  batches: Iterable<LabeledBatch>,
): Promise<MeasuredPoint> {
  const moved = moveWeights(state, moves);
  return withInference({ runtime, module, imageShape, state: moved, session }, (opened) =>
    measureSession(opened, batches),
  );
}
