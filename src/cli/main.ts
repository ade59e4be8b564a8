#!/usr/bin/env node
import { runCommandLine } from "./program.ts";

/** A reader that has seen enough, such as `head`, goes away; what is under way goes on without it. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

process.stdout.on("error", ignoreClosedPipe);
process.stderr.on("error", ignoreClosedPipe);
process.exitCode = await runCommandLine(process.argv.slice(2));
