import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const script = fileURLToPath(new URL("../scripts/fuzz.mjs", import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-fuzz-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fuzz(...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script, "--keep", folder, ...args], (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, output: stdout + stderr }),
    );
  });
}

test("damaged files of every format are read, or refused in one line", async () => {
  const { code, output } = await fuzz("--cases", "6", "--seed", "11");
  expect(output).toMatch(/^\s+ok\s+refused\s+uncaught\s+too long\s+too large/);
  expect(output.split("\n").filter((line) => line.endsWith(" s")).length).toBeGreaterThan(25);
  expect(code, output).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});
