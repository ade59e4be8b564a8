#!/usr/bin/env node
import { runCommandLine } from "./program.ts";

/** A reader such as `head` may close the pipe early; the work continues without it. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

process.stdout.on("error", ignoreClosedPipe);
process.stderr.on("error", ignoreClosedPipe);
process.exitCode = await runCommandLine(process.argv.slice(2));
