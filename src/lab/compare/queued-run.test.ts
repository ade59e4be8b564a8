import { expect, test } from "vitest";
import { OptionError } from "../../tensor/errors.ts";
import { planComparison } from "./plan-comparison.ts";
import { checkQueuedRun, type QueuedRun, requireQueuedData, toQueuedRuns } from "./queued-run.ts";

const plan = planComparison({
  depths: [8],
  shortcuts: ["A", "B"],
  axes: { gateBias: [-3], learningRate: [0.1, 0.05] },
  variants: [{ name: "gated", shortcut: "gated", options: { gateBias: -6 }, recipe: { epochs: 2 } }],
  seeds: 2,
});
const folder = { data: "photos/birds", content: "0a".repeat(32) };
const jobs = toQueuedRuns({ ...plan, ...folder, trainImages: 96, testImages: 20, lowering: "auto" });

/** A job with a field replaced, by its path. */
function withField(path: string, value: unknown): unknown {
  const job = structuredClone(jobs[0]) as unknown as Record<string, unknown>;
  const names = path.split(".");
  let inner = job;
  for (const name of names.slice(0, -1)) inner = inner[name] as Record<string, unknown>;
  inner[names.at(-1)!] = value;
  return job;
}

test("every run of a grid passes as a job, through JSON and unchanged", () => {
  expect(jobs).toHaveLength(plan.runs.length);
  for (const job of jobs) expect(checkQueuedRun(JSON.parse(JSON.stringify(job)))).toEqual(job satisfies QueuedRun);
});

test.each([
  ["an address", "address", "postgres://elsewhere/lab", "address: is not known"],
  ["a command line", "args", ["--out", "/"], "args: is not known"],
  ["a configuration file", "run.config", "evil.config.ts", "run.config: is not known"],
  ["an output folder", "out", "/etc", "out: is not known"],
  ["another version", "version", 2, "version: must be 1, got 2"],
  ["a path as its network", "run.model", "../../x.onnx", "run.model: must be a network's name"],
  ["a network of a million layers", "run.model", "resnet1000002", "run.model: must be a network's name"],
  ["a network that is not known", "run.model", "resnet8x", "model: unknown model"],
  ["a recipe field that is not known", "recipe.script", "x", "recipe.script: is not known"],
  ["a learning rate of text", "recipe.learningRate", "1", "recipe.learningRate: must be number"],
  ["patience, which comparisons lack", "recipe.patience", 3, "patience: needs a validation part"],
  ["a goal above 1", "until", 2, "until: must be a share"],
  ["a folder whose images are not named", "content", undefined, "content: is missing"],
  ["images named by a word", "content", "birds", "content: must be a SHA-256"],
  ["no images", "trainImages", 0, "trainImages: must be >=1"],
])("a job with %s is refused by the field's name", (_, path, value, message) => {
  expect(() => checkQueuedRun(withField(path, value))).toThrow(OptionError);
  expect(() => checkQueuedRun(withField(path, value))).toThrow(message);
});

test.each([null, [], "train", 1])("%j is no job", (value) => {
  expect(() => checkQueuedRun(value)).toThrow(OptionError);
});

test("a key that schemas pass over is refused", () => {
  expect(() => checkQueuedRun(JSON.parse('{"version":1,"__proto__":{"x":1}}'))).toThrow("__proto__: is not known");
});

test.each(["mnist", "cifar10", "birds", "photos/birds", "photos/birds/", "a b/ü"])("%j may be data", (data) => {
  expect(() => requireQueuedData(data)).not.toThrow();
});

test.each(["/data", "..", "a/../b", "a//b", "./a", "~/a", "C:/a", "C:\\a", "http://host/x", "a\nb", ""])(
  "%j may not be data",
  (data) => {
    expect(() => requireQueuedData(data)).toThrow(/^data: must be one of mnist/);
  },
);
