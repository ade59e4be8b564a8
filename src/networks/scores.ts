import { stepNames } from "../compile/step/names.ts";
import type { Session } from "../runtime/runtime.ts";
import { WeightsError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What a network gives for a batch of images. */
export interface Scores {
  readonly data: Float32Array;
  /** `[N, …]`. */
  readonly shape: Shape;
}

/** Runs a network once, whatever it gives: a network that was changed on purpose may leave the range of its numbers. */
export async function scoreImages(session: Session, images: Tensor<"float32">): Promise<Scores> {
  const { [stepNames.scores]: output } = await session.run({ [stepNames.images]: images }, [stepNames.scores]);
  const { data } = await output.read();
  output.dispose();
  return { data: data as Float32Array, shape: output.shape };
}

/** @throws {WeightsError} that a network gives this as a score */
export function refuseScore(score: number): never {
  throw new WeightsError(
    "network",
    `gives ${score} as a score, must give finite numbers; its weights are damaged or its training diverged; give another file, or train it again`,
  );
}

/**
 * Runs a network once for an answer that someone relies on.
 *
 * @throws {WeightsError} if a score is not a finite number
 */
export async function scoreFinitely(session: Session, images: Tensor<"float32">): Promise<Scores> {
  const scores = await scoreImages(session, images);
  const wrong = scores.data.find((score) => !Number.isFinite(score));
  return wrong === undefined ? scores : refuseScore(wrong);
}
