import { Option } from "commander";
import { mean } from "../../tasks/mean/task.js";
import { nodeTask } from "../../tasks/mean/node/task.js";

/** @param {unknown} document */
const printJson = (document) => process.stdout.write(`${JSON.stringify(document)}\n`);

/** @type {import("../../../../../src/tasks/task.ts").TaskNetwork<import("../../tasks/mean/types.ts").MeanTypes>["settings"]} */
const settings = { name: "mean" };

/** @type {import("../../../../../src/cli/task-flags.ts").TaskFlags} */
export const flags = {
  heading: "Mean:",
  options: {
    train: () => [new Option("--shade <name>", "asks for the task without naming it")],
    evaluate: () => [],
    predict: () => [new Option("--percent", "levels from 0 to 100")],
    report: () => [],
  },
  presets: [],
  impliedBy: ["shade"],
  startTraining: nodeTask.startTraining,
  optionsOf: () => ({}),
  describeTest: ({ measures }) => `closeness ${measures["closeness"]?.toFixed(3)}`,
  evaluate: async (network, { data }) => {
    const opened = await nodeTask.openSamples({ ...network, settings }, { cache: "", ...(data && { data }) });
    printJson(await mean.judge({ ...network, settings }, opened.samples));
  },
  predict: async (network, { paths, options }) => {
    for (const path of paths) {
      const level = await mean.predict({ ...network, settings }, await nodeTask.readInput(path, network.card));
      printJson({ path, level: options["percent"] ? 100 * level : level });
    }
  },
  report: async () => ({ report: mean.report({ error: 0 }), json: { error: 0 } }),
};
