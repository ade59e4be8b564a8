import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeCheckpoint } from "../../src/train/checkpoint.ts";

const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-interrupt-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs `residua train`; `watch` sees all that was said so far each time that something is. */
function train(
  args: readonly string[],
  watch: (child: ChildProcess, said: string) => void = () => undefined,
): Promise<Ended> {
  const child = spawn(process.execPath, [program, "train", ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (output += piece));
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    errors += piece;
    watch(child, errors);
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, output, errors })));
}

const small = ["--model", "resnet8", "--limit", "640", "--threads", "1"];
// Long enough that no machine is through before the signal comes.
const endless = [...small, "--epochs", "10000", "--out", "endless"];

test("the first Ctrl-C leaves a checkpoint and code 130; --resume goes on from it", async () => {
  let presses = 0;
  const stopped = await train([...endless, "--json"], (child, said) => {
    if (said.includes("step") && presses++ === 0) child.kill("SIGINT");
  });
  expect(stopped.code).toBe(130);
  const result = JSON.parse(stopped.output);
  expect(result.status).toBe("stopped");
  const last = join(folder, "endless", "last.safetensors");
  expect(decodeCheckpoint(readFileSync(last), last).notes.place.step).toBe(result.steps);

  const other = await train(["--resume", "endless", "--epochs", "2"]);
  expect(other.code).toBe(2);
  expect(other.errors).toBe("residua: --epochs: is 2, but this run began with 10000; it can be raised, not lowered\n");
}, 300_000);

/** The processes that a process has started, by /proc. */
const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);

test.runIf(process.platform === "linux")(
  "SIGTERM to every process at once, as systemd and batch systems send it, leaves a checkpoint",
  async () => {
    let isSent = false;
    let children: readonly number[] = [];
    const stopped = await train([...endless, "--out", "all", "--json"], (child, said) => {
      if (isSent || !said.includes("step")) return;
      isSent = true;
      children = childrenOf(child.pid!);
      for (const pid of [...children, child.pid!]) process.kill(pid, "SIGTERM");
    });
    expect(children).toHaveLength(1);
    expect(stopped.code).toBe(130);
    const last = join(folder, "all", "last.safetensors");
    expect(decodeCheckpoint(readFileSync(last), last).notes.place.step).toBe(JSON.parse(stopped.output).steps);
  },
  300_000,
);

test("the second Ctrl-C ends the training at once, with code 130", async () => {
  let presses = 0;
  const ended = await train([...endless, "--out", "twice"], (child, said) => {
    const isTime = presses === 0 ? said.includes("step 1/") : presses === 1 && said.includes("press Ctrl-C again");
    if (!isTime) return;
    presses++;
    child.kill("SIGINT");
  });
  expect(ended.code).toBe(130);
}, 300_000);

test("a training is resumed by its folder, and --json is all that standard output holds", async () => {
  const whole = await train([...small, "--epochs", "1", "--json"]);
  expect(whole.code).toBe(0);
  expect(JSON.parse(whole.output).files).toEqual({
    last: join("residua-train", "last.safetensors"),
    best: join("residua-train", "best.safetensors"),
    onnx: join("residua-train", "model.onnx"),
  });
  const again = await train([...small, "--epochs", "1", "--json", "--resume"]);
  expect(again.code).toBe(0);
  expect(JSON.parse(again.output).test).toEqual(JSON.parse(whole.output).test);
}, 300_000);

test.each([
  [
    "a folder without a training",
    ["--resume", "."],
    1,
    /^residua: last\.safetensors: cannot read: there is no such file[^\n]*\n$/,
  ],
  [
    "a path that is not there",
    ["--resume", "nowhere"],
    1,
    /^residua: nowhere: cannot resume: there is no such file[^\n]*\n$/,
  ],
  [
    "a batch larger than the data",
    [...small, "--batch-size", "641"],
    2,
    /^residua: --batch-size: must be at most 608[^\n]*\n$/,
  ],
])(
  "%s is refused in one line",
  async (_, args, code, message) => {
    const refused = await train(args);
    expect(refused.errors).toMatch(message);
    expect(refused.code).toBe(code);
  },
  300_000,
);
