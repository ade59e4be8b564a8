import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodePng } from "../../src/files/png.ts";
import { main, runCommand } from "./run.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-serve-cli-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const digits = fileURLToPath(new URL("../../models/digits.onnx", import.meta.url));

test.each<readonly [string, readonly string[], RegExp]>([
  ["no network", [], /^residua: <model\.\.\.>: is missing/],
  ["an address that others reach", [digits, "--host", "0.0.0.0"], /^residua: --host: others can reach 0\.0\.0\.0/],
  [
    "JSON of a server",
    [digits, "--json"],
    /^residua: --json: applies to --new-client, --check-policy, --print-firewall/,
  ],
  [
    "a network beside a new client",
    [digits, "--new-client", "a"],
    /^residua: <model\.\.\.>: does not apply with --new-client/,
  ],
  [
    "a port beside a check",
    ["--check-policy", "p.json", "--port", "1"],
    /^residua: --port: does not apply with --check-policy/,
  ],
  [
    "two errands",
    ["--check-policy", "p.json", "--new-client", "a"],
    /^residua: --check-policy: does not apply with --new-client/,
  ],
  ["a client without a name", ["--new-client", ""], /^residua: --new-client: "" must be 1 to 64 letters/],
  ["a client with a space", ["--new-client", "ward 3"], /^residua: --new-client: "ward 3" must be 1 to 64 letters/],
  ["a network that is not there", ["none.onnx"], /none\.onnx: cannot read: there is no such file/],
  ["rules of no policy", ["--print-firewall", "ufw"], /^residua: --policy: is missing/],
  ["a policy that is not there", ["--check-policy", "none.json"], /^residua: none\.json: cannot read/],
])("%s is refused in one line, and nothing is started", async (_, args, message) => {
  const { code, stdout, stderr } = await runCommand(["serve", ...args], folder);
  expect([code === 0, stdout]).toEqual([false, ""]);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stderr).toMatch(message);
});

/** A server as the guide starts it, for as long as `use` takes. */
async function whileServing(use: (address: string) => Promise<void>): Promise<number | null> {
  const child = spawn(process.execPath, [main, "serve", digits, "--port", "0", "--workers", "1"], { cwd: folder });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  try {
    const address = await new Promise<string>((resolve, reject) => {
      let said = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        const found = /Listening on (\S+);/.exec(said);
        if (found !== null) resolve(found[1]);
      });
      child.once("close", () => reject(new Error(`the server ended: ${said}`)));
    });
    await use(address);
  } finally {
    child.kill("SIGINT");
  }
  return ended;
}

/** A bright stroke on black, which is a one. */
const one = encodePng({
  width: 28,
  height: 28,
  channels: 1,
  samples: Uint8Array.from({ length: 784 }, (_, at) => {
    const [x, y] = [at % 28, Math.floor(at / 28)];
    return x > 12 && x < 16 && y > 4 && y < 24 ? 255 : 0;
  }),
});

const run = promisify(execFile);
const hasCurl = spawnSync("curl", ["--version"]).status === 0;
const hasRequests = spawnSync("python3", ["-c", "import requests"]).status === 0;

describe("the guide's first requests", () => {
  beforeAll(() => writeFile(join(folder, "digit.png"), one));

  test.skipIf(!hasCurl)(
    "by curl (skipped without it), and Ctrl-C ends the server with 0",
    { timeout: 120_000 },
    async () => {
      const code = await whileServing(async (address) => {
        const ask = async (...args: readonly string[]): Promise<unknown> =>
          JSON.parse((await run("curl", ["--silent", "--show-error", ...args], { cwd: folder })).stdout);
        const best = { predictions: [{ class: "1" }] };
        const path = `${address}/v1/models/digits/predict?top=1`;
        expect(await ask("--data-binary", "@digit.png", path)).toMatchObject(best);
        expect(await ask(`${address}/v2/models/digits`)).toMatchObject({ name: "digits", versions: ["1"] });
        const data = Array.from({ length: 784 }, () => 0);
        const body = JSON.stringify({ inputs: [{ name: "images", shape: [1, 1, 28, 28], datatype: "FP32", data }] });
        const { outputs } = (await ask("--data", body, `${address}/v2/models/digits/infer`)) as { outputs: object[] };
        expect(outputs[0]).toMatchObject({ name: "scores", datatype: "FP32", shape: [1, 10] });
      });
      expect(code).toBe(0);
    },
  );

  test.skipIf(!hasRequests)("by Python's requests (skipped without them)", { timeout: 120_000 }, async () => {
    const program = `
import json, sys, requests
address = sys.argv[1]
found = requests.post(address + "/v1/models/digits/predict", data=open("digit.png", "rb"))
wrong = requests.post(address + "/v2/models/digits/infer", json={"inputs": [{"name": "images", "shape": [1], "datatype": "FP32", "data": [0]}]})
print(json.dumps([found.status_code, found.json()["predictions"][0]["class"], wrong.status_code, wrong.json()["error"]]))`;
    await whileServing(async (address) => {
      const { stdout } = await run("python3", ["-c", program, address], { cwd: folder });
      const [status, label, refused, error] = JSON.parse(stdout);
      expect([status, label, refused]).toEqual([200, "1", 400]);
      expect(error).toMatch(/^inputs\[0\]\.shape: must be /);
    });
  });
});
