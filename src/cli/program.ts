import { Command, CommanderError } from "commander";
import { OptionError, ResiduaError } from "../tensor/errors.ts";
import { commands } from "./commands/index.ts";
import { ExitCode } from "./exit-code.ts";
import { packageVersion } from "./version.ts";

/** The whole command line: one subcommand a file in `commands/`. */
async function createProgram(wanted: string | undefined): Promise<Command> {
  const program = new Command("residua")
    .description("Residual networks in TypeScript: see what the shortcut type does, train, evaluate, predict.")
    .version(packageVersion())
    .showHelpAfterError(false)
    .showSuggestionAfterError(true)
    .addHelpText(
      "after",
      `
Examples:
  $ residua compare                                 what do shortcut types do to a deep network?
  $ residua describe resnet34 --shortcut B          every block, and what its shortcut resolves to
  $ residua train --data mnist --model resnet20 --epochs 3`,
    );
  // What is known by its name is loaded alone; help and corrections need all.
  const names = wanted !== undefined && Object.hasOwn(commands, wanted) ? [wanted] : Object.keys(commands);
  // One registration may be that of several commands.
  for (const register of new Set(await Promise.all(names.map((name) => commands[name]())))) register(program);
  for (const command of [program, ...program.commands, ...program.commands.flatMap((group) => group.commands)]) {
    command.exitOverride();
    command.configureOutput({ outputError: () => undefined });
  }
  return program;
}

/** Runs one command. @returns the exit code: 0, 1 for a failure, 2 for wrong usage, 130 after Ctrl-C */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    const program = await createProgram(args[0]);
    await program.parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? ExitCode.ok);
  } catch (error) {
    return reportError(error);
  }
}

function reportError(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return ExitCode.ok;
    if (error.code !== "commander.help")
      printLine(`residua: ${error.message.replace(/^error: /, "")}; see residua --help`);
    return ExitCode.usage;
  }
  if (error instanceof ResiduaError) {
    printLine(`residua: ${error.message}`);
    return error instanceof OptionError ? ExitCode.usage : ExitCode.failure;
  }
  printLine(`residua: unexpected ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
  if (process.env["RESIDUA_DEBUG"] && error instanceof Error) printLine(stackOf(error));
  return ExitCode.failure;
}

/** Where it was thrown: one that was thrown in another process has the stack that it had there as its cause. */
function stackOf({ stack = "", cause }: Error): string {
  return typeof cause === "string" ? cause : stack;
}

/** One line, whatever the message holds. */
function printLine(text: string): void {
  process.stderr.write(`${process.env["RESIDUA_DEBUG"] ? text : text.replaceAll(/\s*\n\s*/g, " ")}\n`);
}
