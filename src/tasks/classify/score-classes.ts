import { refuseScore, scoreImages, type Scores } from "../../networks/scores.ts";
import type { Session } from "../../runtime/runtime.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { areScores } from "./softmax.ts";

/**
 * The scores of images, `[N, classes]`, for an answer that someone relies on.
 *
 * @throws {WeightsError} if those of an image have no softmax, such as NaN
 */
export async function scoreClasses(session: Session, images: Tensor<"float32">): Promise<Scores> {
  const scores = await scoreImages(session, images);
  const { data, shape } = scores;
  for (let start = 0; start < data.length; start += shape[1]) {
    const own = data.subarray(start, start + shape[1]);
    if (!areScores(own)) refuseScore(own.find((score) => !Number.isFinite(score))!);
  }
  return scores;
}
