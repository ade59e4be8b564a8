#!/usr/bin/env node
import { toEnvironmentError } from "../files/node/failure.ts";
import { ExitCode } from "./exit-code.ts";
import { spokenMessage } from "./lang/language.ts";
import { runCommandLine } from "./program.ts";

/**
 * A reader that has seen enough, such as `head`, may go away, as a closed terminal does; the work continues without it. Any other
 * refusal, such as that of a full disk, loses the result and ends the command.
 */
function endUnlessGone(stream: NodeJS.WriteStream, name: string): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error.code === "EPIPE" || (stream.isTTY && error.code === "EIO")) return;
    if (stream !== process.stderr)
      process.stderr.write(`residua: ${spokenMessage(toEnvironmentError(name, "cannot write", error).message)}\n`);
    process.exit(ExitCode.failure);
  };
}

process.stdout.on("error", endUnlessGone(process.stdout, "standard output"));
process.stderr.on("error", endUnlessGone(process.stderr, "standard error"));
process.exitCode = await runCommandLine(process.argv.slice(2));
