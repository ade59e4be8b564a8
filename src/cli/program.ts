import { Command, CommanderError, Help } from "commander";
import { hideSecrets } from "../files/node/server-url.ts";
import { OptionError, ResiduaError } from "../tensor/errors.ts";
import { escapeControls } from "../tensor/printable.ts";
import { type CommandEntry, commands } from "./commands/index.ts";
import { ExitCode } from "./exit-code.ts";
import { packageVersion } from "./version.ts";

/** What the help calls a command: its name and arguments. */
function usageOf(command: Command): string {
  const entry = commands[command.name()];
  return entry === undefined
    ? new Help().subcommandTerm(command)
    : `${[command.name(), entry.alias ?? []].flat().join("|")} ${entry.usage}`.trimEnd();
}

/** The command that an argument names, if it names one. */
function findCommand(argument: string): CommandEntry | undefined {
  if (Object.hasOwn(commands, argument)) return commands[argument];
  return Object.values(commands).find(({ alias }) => alias === argument);
}

/**
 * The whole command line, of which only the commands that the arguments name are more than a name and a summary: help and
 * corrections need no more of the others.
 */
async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command("residua")
    .description("Residual networks in TypeScript: see what the shortcut type does, train, evaluate, predict.")
    .version(packageVersion())
    .showHelpAfterError(false)
    .showSuggestionAfterError(true)
    .configureHelp({ subcommandTerm: usageOf })
    .addHelpText(
      "after",
      `
Examples:
  $ residua compare                                 what do shortcut types do to a deep network?
  $ residua describe resnet34 --shortcut B          every block, and what its shortcut resolves to
  $ residua train --data mnist --model resnet20 --epochs 3`,
    );
  const loaded = new Command();
  const named = args.map((argument) => findCommand(argument)).find((entry) => entry !== undefined);
  if (named !== undefined) (await named.load())(loaded);
  for (const [name, { summary }] of Object.entries(commands)) {
    const command = loaded.commands.find((each) => each.name() === name) ?? new Command(name);
    program.addCommand(command.description(summary));
  }
  for (const command of [program, ...program.commands, ...program.commands.flatMap((group) => group.commands)]) {
    command.exitOverride();
    command.configureOutput({ outputError: () => undefined });
  }
  return program;
}

/** Runs one command. @returns the exit code: 0, 1 for a failure, 2 for wrong usage, 130 after Ctrl-C */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let running: Command | undefined;
  try {
    const program = await createProgram(args);
    program.hook("preAction", (_, command) => void (running = command));
    await program.parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? ExitCode.ok);
  } catch (error) {
    return await reportError(error, running);
  }
}

async function reportError(error: unknown, running: Command | undefined): Promise<number> {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return ExitCode.ok;
    if (error.code !== "commander.help")
      printLine(`residua: ${error.message.replace(/^error: /, "")}; see residua --help`);
    return ExitCode.usage;
  }
  if (error instanceof ResiduaError) {
    printLine(`residua: ${running === undefined ? error.message : await inFlags(error, running)}`);
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

/** The message as {@link describeError} words it, which only what goes wrong has to load. */
async function inFlags(error: ResiduaError, command: Command): Promise<string> {
  return (await import("./field-flags.ts")).describeError(error, command);
}

/** One line, whatever the message holds; an address that was typed in a wrong place is not repeated. */
function printLine(text: string): void {
  const shown = hideSecrets(text);
  process.stderr.write(
    `${process.env["RESIDUA_DEBUG"] ? shown : escapeControls(shown.replaceAll(/\s*\n\s*/g, " "))}\n`,
  );
}
