import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

test.each([["train", "--help"], ["models", "list"], ["nonsense"]])(
  "%s %s ends without a stack trace when nobody reads what it prints",
  async (...args) => {
    const child = spawn(process.execPath, [main, ...args.filter(Boolean)], { stdio: ["ignore", "pipe", "pipe"] });
    let words = "";
    child.stderr.setEncoding("utf8").on("data", (piece: string) => void (words += piece));
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(words).not.toMatch(/EPIPE|\n\s+at /);
    expect(code).toBe(args[0] === "nonsense" ? 2 : 0);
  },
);
