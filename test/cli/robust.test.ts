import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ImagePredictions } from "../../src/tasks/classify/prediction-table.ts";
import { type CommandResult, main, runCommand } from "./run.ts";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-robust-"));
  for (const [kind, background] of [
    ["dark", "#202020"],
    ["light", "#e0e0e0"],
  ] as const) {
    mkdirSync(join(folder, "photos", kind), { recursive: true });
    const picture = await sharp({ create: { width: 8, height: 8, channels: 3, background } })
      .png()
      .toBuffer();
    for (let index = 0; index < 20; index++) writeFileSync(join(folder, "photos", kind, `${index}.png`), picture);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const oneLine = (text: string): void => expect(text.trimEnd().split("\n"), text).toHaveLength(1);

/** A copy of a network of two classes in whose last bias one number became NaN. */
function damageBias(from: string, to: string): void {
  const bytes = readFileSync(from);
  const field = Buffer.from("fc.biasJ\b");
  bytes.writeFloatLE(Number.NaN, bytes.indexOf(field) + field.length);
  writeFileSync(to, bytes);
}

/** Runs a line of the shell in which `residua` is the command. */
function shell(line: string): Promise<CommandResult> {
  const script = `residua() { "${process.execPath}" "${main}" "$@"; }; ${line}`;
  return new Promise((resolve) => {
    const child = execFile("bash", ["-c", script], { cwd: folder }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

test.runIf(process.platform === "linux")("a full disk behind standard output is one line and code 1", async () => {
  for (const command of ["describe resnet8", "describe resnet8 --json", "train --help"]) {
    const { code, stderr } = await shell(`residua ${command} > /dev/full`);
    expect(stderr).toBe(
      "residua: standard output: cannot write: no space is left on the device; free some and try again\n",
    );
    expect(code).toBe(1);
  }
  expect((await shell("residua describe resnet0 2> /dev/full")).code).toBeGreaterThan(0);
});

test.runIf(process.platform !== "win32")("a working folder that is gone is one line", async () => {
  for (const command of ["runs list", "describe resnet8", "train --data photos", "compare --yes"]) {
    const { code, stderr } = await shell(`mkdir -p gone; cd gone; rmdir ../gone; residua ${command}`);
    expect(stderr).toBe("residua: working folder: no longer exists; change to a folder that does\n");
    expect(code).toBe(1);
  }
});

test.runIf(process.platform !== "win32")("pipes and devices are refused where a file is read", async () => {
  execFileSync("mkfifo", [join(folder, "pipe")]);
  writeFileSync(join(folder, "x"), "x");
  await shell("residua keys k; residua sign x --key k-sign.key");
  for (const source of ["pipe", "/dev/zero"]) {
    const signed = "--signature x.sig";
    for (const command of [
      `sign ${source} --key k-sign.key ${signed}2`,
      `verify ${source} --key k-sign.pub ${signed}`,
      `verify x --key k-sign.pub --signature ${source}`,
      `seal ${source} --recipient k-seal.pub --out y`,
      `unseal ${source} --key k-seal.key --out y`,
      `inspect ${source}`,
      `predict --model ${source} x`,
      `report ${source} --out r.html`,
    ]) {
      const { code, stderr } = await shell(`residua ${command}`);
      expect(stderr, command).toMatch(/is a device or pipe, must be a regular file/);
      expect(code).toBe(1);
      oneLine(stderr);
    }
  }
});

test("more threads than a few per processor are refused by name", async () => {
  for (const threads of ["10000", "1000000000", "0"]) {
    const { code, stderr } = await runCommand(["train", "--data", "photos", "--threads", threads], folder);
    expect(stderr).toMatch(/^residua: .*--threads.* must be a whole number from 1 to \d+, got "\d+"/);
    expect(code).toBe(2);
    oneLine(stderr);
  }
});

test("a small folder trains with the defaults; of several images one that is damaged stops no other", async () => {
  const args = ["train", "--data", "photos", "--model", "resnet8", "--epochs", "1", "--out", "out", "--threads", "1"];
  const trained = await runCommand(args, folder);
  expect(trained.stderr).toMatch(/\d+ images to train on are too few for batches of 64: the batch is \d/);
  expect(trained.code).toBe(0);
  const typed = await runCommand([...args, "--batch-size", "64", "--out", "typed"], folder);
  expect(typed.stderr).toMatch(/^residua: --batch-size: must be at most \d+/m);
  expect(typed.code).toBe(2);

  mkdirSync(join(folder, "mixed"));
  const { dark } = { dark: join(folder, "photos", "dark", "0.png") };
  for (const name of ["a.png", "c.png"]) execFileSync("cp", [dark, join(folder, "mixed", name)]);
  writeFileSync(join(folder, "mixed", "b.png"), "no image");
  writeFileSync(join(folder, "mixed", "notes.txt"), "no image either");
  const predict = ["predict", "--model", join("out", "model.onnx"), "--threads", "1", "--json"];
  for (const input of ["mixed", "mixed/*.png"]) {
    const { code, stdout, stderr } = await runCommand([...predict, input], folder);
    const { results, failures } = JSON.parse(stdout);
    expect(results.map(({ image }: { readonly image: string }) => image)).toEqual([
      join("mixed", "a.png"),
      join("mixed", "c.png"),
    ]);
    expect(failures).toMatchObject([{ image: join("mixed", "b.png") }]);
    expect(stderr).toMatch(/mixed.b\.png: [^\n]+\n1 of 3 images failed\n$/);
    expect(code).toBe(1);
  }
  const table = join("tables", "predictions.csv");
  const good = await runCommand([...predict, "photos/light", "mixed/a.png", "--csv", table], folder);
  const { results } = JSON.parse(good.stdout);
  expect(results).toHaveLength(21);
  expect(good.code).toBe(0);
  const [head, ...rows] = readFileSync(join(folder, table), "utf8").trim().split("\n");
  expect(head).toBe("image,class,probability,class_2,probability_2");
  expect(rows.map((row) => row.split(",").slice(0, 2))).toEqual(
    (results as readonly ImagePredictions[]).map(({ image, predictions }) => [image, predictions[0].class]),
  );
  const taken = await runCommand([...predict, "mixed/a.png", "--csv", "mixed"], folder);
  expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining('--csv: "mixed" is a folder') });
  const none = await runCommand([...predict, "out", "nothing/*.png"], folder);
  expect(none.stderr).toMatch(/"out" has no images \(png, [^\n]+\)\n$/);
  const unfit = await runCommand([...predict, "nothing/*.png"], folder);
  expect(unfit.stderr).toMatch(/no file fits "nothing\/\*\.png"\n$/);
  expect(readdirSync(join(folder, "out"))).not.toContain(".residua-lock");

  damageBias(join(folder, "out", "model.onnx"), join(folder, "damaged.onnx"));
  const damaged = await runCommand(["predict", "--model", "damaged.onnx", "mixed/a.png", "--threads", "1"], folder);
  expect(damaged).toMatchObject({ code: 1, stdout: "" });
  expect(damaged.stderr).toMatch(/^residua: network: gives NaN as a score, must give finite numbers; [^\n]+\n/);
  const measured = await runCommand(["evaluate", "--model", "damaged.onnx", "--data", "photos", "--json"], folder);
  const { count, accuracy, notFinite } = JSON.parse(measured.stdout);
  expect({ accuracy, notFinite }).toEqual({ accuracy: 0, notFinite: count });
  expect(measured.stderr).toContain(`counts ${count} of ${count} as wrong: the network gives them scores that are not`);
}, 300_000);
