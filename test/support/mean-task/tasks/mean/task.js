import { stepNames } from "residua/compile";
import { meanSquaredError } from "residua/nn";
import { float32 } from "residua/tensor";
import * as v from "valibot";

const FLOAT32 = 1;

/**
 * Labels are levels from 0 to 255.
 *
 * @param {import("residua/onnx").GraphBuilder} g
 * @param {import("residua/onnx").Value} scores
 * @param {import("residua/onnx").Value} labels
 */
function levelsOf(g, scores, labels) {
  const wanted = g.op("Mul", [g.op("Cast", [labels], { to: FLOAT32 }), g.fill(1 / 255)]);
  return { wanted, found: g.op("Reshape", [scores, g.ints([-1])]) };
}

/** @type {import("residua/train").Measure} */
export const closeness = { name: "closeness", words: { en: "closeness", zh: "接近度" }, better: "higher" };

/** @param {{ readonly pixels: Uint8Array }} image */
export const levelOf = ({ pixels }) => pixels.reduce((sum, value) => sum + value, 0) / pixels.length / 255;

/** @type {import("../../../../../src/tasks/task.ts").Task<"mean", import("./types.ts").MeanTypes>["predict"]} */
async function predict({ card, session }, { pixels }) {
  const [channels, height, width] = card.imageShape;
  const input = Float32Array.from(pixels, (value) => value / 255 - 0.5);
  const { [stepNames.scores]: scores } = await session.run({
    [stepNames.images]: float32([1, channels, height, width], input),
  });
  const { data } = await scores.read();
  scores.dispose();
  return Number(data[0]);
}

/** @type {import("../../../../../src/tasks/task.ts").Task<"mean", import("./types.ts").MeanTypes>["judge"]} */
async function judge(network, samples) {
  let [count, errors, squares] = [0, 0, 0];
  for await (const sample of samples) {
    const error = (await predict(network, sample)) - sample.level;
    errors += Math.abs(error);
    squares += error * error;
    count++;
  }
  return { count, loss: squares / count, measures: { [closeness.name]: 1 - errors / count } };
}

/**
 * A toy task that nothing in the library knows: regress the mean of an image.
 *
 * @type {import("../../../../../src/tasks/task.ts").Task<"mean", import("./types.ts").MeanTypes>}
 */
export const mean = {
  name: "mean",
  settings: v.strictObject({ name: v.literal("mean") }),
  step: () => ({
    loss: (g, scores, labels) => {
      const { wanted, found } = levelsOf(g, scores, labels);
      return meanSquaredError(g, found, wanted);
    },
    correct: (g, scores, labels) => {
      const { wanted, found } = levelsOf(g, scores, labels);
      return g.op("ReduceSum", [g.op("Sub", [g.fill(1), g.op("Abs", [g.op("Sub", [found, wanted])])])], {
        keepdims: 0,
      });
    },
  }),
  refuses: { labelSmoothing: "applies to classes", mixup: "applies to classes" },
  trainingMeasure: closeness,
  measures: () => [closeness],
  join: null,
  predict,
  judge,
  report: ({ error }) => ({ title: "Mean of images", lead: [`Mean error ${error.toFixed(3)}.`], sections: [] }),
  samplesInMemory: null,
  setUpInMemory: null,
};
