import { spawn } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { medianOf } from "../comparison.ts";
import { gpuCases } from "./cases.ts";
import type { GpuMeasured, GpuProblem } from "./measured.ts";
import { findVulkan } from "./vulkan.ts";

// What bench/gpu.sh runs: every case on every device, each in a process of its own, and PyTorch's beside them. Prints JSON.

/** Seconds of steps that are measured, and after which a process is ended: all of them together stay below 8 minutes. */
const MEASURED = 10;
const LIMIT = 45;
/** Of ResNet-20 alone: the others take minutes there. */
const onProcessor: ReadonlySet<string> = new Set(["resnet20"]);
const torchScript = fileURLToPath(new URL("../../../bench/torch_step.py", import.meta.url));
const contender = fileURLToPath(new URL("./contender.js", import.meta.url));

type Answer = GpuMeasured | GpuProblem;
interface Row {
  readonly case: string;
  readonly batch: number;
  readonly by: "residua" | "torch";
  readonly device: string;
  readonly imagesPerSecond?: number;
  readonly steps?: number;
  readonly preparing?: number;
  readonly losses?: readonly number[];
  readonly problem?: string;
}

/** The last line that a process writes; a problem if it writes none in time. */
function runProcess(command: string, args: readonly string[], input = ""): Promise<string | GpuProblem> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      timeout: 1000 * LIMIT,
      killSignal: "SIGKILL",
    });
    let [output, errors] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (errors = `${errors}${chunk.toString()}`.slice(-2000)));
    child.once("error", (error) => resolve({ problem: error.message }));
    child.once("close", (code, signal) => {
      const line = output.trim().split("\n").at(-1) ?? "";
      if (line !== "") return resolve(line);
      const last = errors.trim().split("\n").at(-1) ?? "";
      resolve({ problem: signal === "SIGKILL" ? `not done after ${LIMIT} s` : `ended with code ${code}: ${last}` });
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

async function measureOurs(name: string, device: string, seconds: number): Promise<Answer> {
  const line = await runProcess(process.execPath, [contender, name, device, String(seconds)]);
  return typeof line === "string" ? (JSON.parse(line) as Answer) : line;
}

async function measureTorch(name: string, python: string): Promise<Answer> {
  const { batch, imageShape } = gpuCases[name];
  const args = [torchScript, name, String(batch), String(imageShape[2]), "channels-last", "1", "cuda"];
  // The first steps choose kernels; the second line is measured.
  const line = await runProcess(python, args, "5\n20\n\n");
  if (typeof line !== "string") return line;
  const { seconds } = JSON.parse(line) as { readonly seconds: readonly number[] };
  return { device: "cuda", preparing: 0, losses: [], seconds };
}

/** What PyTorch calls itself and the graphics processor, or why it is left out. */
async function findTorch(python: string): Promise<{ readonly versions: string } | GpuProblem> {
  const program =
    "import torch, torchvision\nif not torch.cuda.is_available(): raise SystemExit('PyTorch sees no CUDA device')\n" +
    "print(f'PyTorch {torch.__version__}, CUDA {torch.version.cuda}, {torch.cuda.get_device_name()}')";
  const line = await runProcess(python, ["-c", program]);
  return typeof line === "string" ? { versions: line } : line;
}

function toRow(name: string, by: Row["by"], device: string, answer: Answer): Row {
  const about = { case: name, batch: gpuCases[name].batch, by };
  if ("problem" in answer) return { ...about, device, problem: answer.problem };
  const { seconds, preparing, losses } = answer;
  const median = medianOf({ seconds });
  return {
    ...about,
    device: answer.device,
    imagesPerSecond: about.batch / median,
    steps: seconds.length,
    ...(by === "residua" ? { preparing, losses } : {}),
  };
}

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    device: { type: "string", multiple: true },
    seconds: { type: "string", default: String(MEASURED) },
    python: { type: "string", default: "python3" },
  },
});
const { seconds, python, device: devices = ["webgpu", "cuda"], only: names = Object.keys(gpuCases) } = values;
const unknown = names.find((name) => !Object.hasOwn(gpuCases, name));
if (unknown !== undefined) {
  process.stderr.write(`--only: unknown case "${unknown}"; it must be one of ${Object.keys(gpuCases).join(", ")}\n`);
  process.exit(2);
}
if (!(Number(seconds) > 0 && Number(seconds) < LIMIT)) {
  process.stderr.write(`--seconds: must be above 0 and below ${LIMIT}, got "${seconds}"\n`);
  process.exit(2);
}

const vulkan = findVulkan();
process.stderr.write(`Vulkan loader: ${vulkan.loader ?? "none found; install libvulkan1"}\n`);
for (const { manifest, library } of vulkan.drivers) process.stderr.write(`Vulkan driver: ${library} (${manifest})\n`);
const torch = await findTorch(python);
process.stderr.write("problem" in torch ? `PyTorch is left out: ${torch.problem}\n` : `${torch.versions}\n`);
const rows: Row[] = [];
const add = (row: Row): void => {
  rows.push(row);
  const shown = row.problem ?? `${row.imagesPerSecond!.toFixed(1)} images/s`;
  process.stderr.write(`${row.case}, batch ${row.batch}, ${row.by} on ${row.device}: ${shown}\n`);
};
for (const name of names) {
  for (const device of devices) add(toRow(name, "residua", device, await measureOurs(name, device, Number(seconds))));
  if (onProcessor.has(name)) add(toRow(name, "residua", "cpu", await measureOurs(name, "cpu", Number(seconds))));
  if (!("problem" in torch) && gpuCases[name].isInTorch)
    add(toRow(name, "torch", "cuda", await measureTorch(name, python)));
}
const machine = `${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
process.stdout.write(`${JSON.stringify({ machine, vulkan, torch, rows }, undefined, 1)}\n`);
process.exitCode = rows.some(({ by, problem, device }) => by === "residua" && device !== "cpu" && problem === undefined)
  ? 0
  : 1;
