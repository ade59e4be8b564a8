/**
 * A job for each way to run and to end. They are JavaScript, since Node's child processes run nothing else, and take the error
 * classes of the build that they run in.
 *
 * @param {typeof import("../../src/tensor/errors.ts")} errors
 * @returns {import("./host-suite.ts").TestJobs}
 */
export function createJobs({ FormatError, TrainingError }) {
  class DivergenceError extends TrainingError {}
  return {
    echo: async (value, { report }) => {
      for (const event of [1, 2, 3]) report(event);
      return value;
    },
    count: async (events, { report }) => {
      for (let event = 0; event < events; event++) report(event);
    },
    wait: async (_, { report, shouldStop }) => {
      report("ready");
      let turns = 0;
      while (!(await shouldStop())) turns++;
      return { turns, status: "stopped" };
    },
    refuse: async () => {
      throw new FormatError("odd\nfile: a.onnx", "is truncated: 3 bytes; fetch it again", {
        cause: new Error("inner"),
      });
    },
    diverge: async () => {
      throw new DivergenceError("training", "loss is NaN");
    },
    fail: async () => {
      throw new RangeError("not meant to happen");
    },
    throwText: async () => {
      throw "only words";
    },
    reportFunction: async (_, { report }) => report(() => 1),
    returnFunction: async () => () => 1,
    buffer: async (size) => new Float32Array(size).fill(2.5),
  };
}
