import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RateStudy } from "../../src/lab/lr-find/study.ts";
import { decodeReport } from "../../src/report/node/keep-report.ts";
import { runCommand } from "./run.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-rates-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const find = (...args: readonly string[]) => runCommand(["lr-find", ...args], folder);
const small = "--data mnist --model resnet8 --limit 200 --batch-size 16 --steps 30 --threads 1 --json".split(" ");

test("equal commands find equal rates, bit for bit, and the page shows the curve on a logarithmic axis", async () => {
  const [first, second] = [await find(...small), await find(...small)];
  expect(first.code).toBe(0);
  expect(second.stdout).toBe(first.stdout);
  const { points, suggestions, status, label } = JSON.parse(first.stdout) as RateStudy;
  expect([label, status]).toEqual(["resnet8, project", "done"]);
  expect(points.map(({ learningRate }) => learningRate)).toEqual(
    points.map((_, step): unknown => expect.closeTo(1e-7 * 10 ** ((8 * step) / 29), 10)),
  );
  expect(suggestions!.steepest).toBeGreaterThan(1e-7);
  const { sections } = decodeReport(readFileSync(join(folder, "lr-find.html"), "utf8"), "page");
  expect(sections[0].parts[0]).toMatchObject({ kind: "lines", x: { scale: "log" }, name: "learning-rates" });
});

test("a loss that leaves all bounds ends the test", async () => {
  const { code, stdout } = await find(...small, "--highest", "1e6", "--out", "far.html");
  const { status, points, steps } = JSON.parse(stdout) as RateStudy;
  expect([code, status]).toEqual([0, "diverged"]);
  expect(points.length).toBeLessThan(steps);
});

test("the recipe is that of train: another optimizer or smoothing gives other losses", async () => {
  const losses = async (...more: readonly string[]): Promise<string> =>
    JSON.stringify((JSON.parse((await find(...small, ...more)).stdout) as RateStudy).points);
  const plain = await losses();
  expect(await losses("--optimizer", "adamw")).not.toBe(plain);
  expect(await losses("--label-smoothing", "0.2")).not.toBe(plain);
});

test.each([
  ["--epochs 3", /^residua: --epochs: does not apply to lr-find, whose length is --steps; leave it out\n$/],
  ["--lr 0.1", /^residua: --lr: is what lr-find looks for; leave it out, or set --lowest and --highest\n$/],
  ["--schedule cosine", /^residua: --schedule: does not apply to lr-find/],
  ["--ema", /^residua: --ema: does not apply to lr-find/],
  ["--lowest 3 --highest 1 --out none/x.html", /^residua: --highest: must be above --lowest, 3, got 1\n$/],
  ["--steps 10001", /^residua: --steps: must be a whole number from 10 to 10000, got 10001\n$/],
])("lr-find %s is refused by name and leaves nothing", async (line, message) => {
  const before = readdirSync(folder);
  const { code, stdout, stderr } = await find(...line.split(" "));
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(message);
  expect(readdirSync(folder)).toEqual(before);
});
