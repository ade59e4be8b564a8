import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { adapterEnvironment } from "./software-adapter.ts";

/** Loads models with ONNX Runtime's log of everything. */
const loadModels = `
import ort from "onnxruntime-node";
for (const file of process.argv.slice(1))
  await ort.InferenceSession.create(file, {
    executionProviders: ["webgpu"], logSeverityLevel: 0, logVerbosityLevel: 1,
  });
`;

/** The execution providers that models' operators were placed on, read in the log of a process that loads them. */
export async function placesOf(...files: readonly string[]): Promise<readonly string[]> {
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", loadModels, ...files], {
    cwd: new URL("../../", import.meta.url),
    env: { ...process.env, ...adapterEnvironment },
    maxBuffer: 2 ** 28,
  });
  const { stdout, stderr } = await run;
  const places = [...`${stdout}${stderr}`.matchAll(/(?:All nodes|Node\(s\)) placed on \[(\w+)\]/g)];
  return [...new Set(places.map(([, place]) => place))];
}
