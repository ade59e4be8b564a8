// Checks what is published with publint and arethetypeswrong.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const folder = mkdtempSync(join(tmpdir(), "residua-check-"));
try {
  const script = fileURLToPath(new URL("pack.mjs", import.meta.url));
  const { filename } = JSON.parse(execFileSync(process.execPath, [script, folder, "--json"], { encoding: "utf8" }));
  execFileSync("npx", ["publint", filename, "--strict"], { stdio: "inherit" });
  execFileSync("npx", ["attw", filename, "--profile", "esm-only"], { stdio: "inherit" });
} finally {
  rmSync(folder, { recursive: true });
}
