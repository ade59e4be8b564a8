import { setTimeout } from "node:timers/promises";
import { Command, CommanderError, Help, InvalidArgumentError, Option } from "commander";
import { hideSecrets } from "../files/node/server-url.ts";
import { describeChoices } from "../tensor/choices.ts";
import { EnvironmentError, OptionError, ResiduaError } from "../tensor/errors.ts";
import { explainMissingPackage } from "../tensor/missing-package.ts";
import { escapeControls } from "../tensor/printable.ts";
import { type CommandEntry, commandOf, commands } from "./commands/index.ts";
import { ExitCode } from "./exit-code.ts";
import { chooseLanguage, languages, speak, spoken, spokenMessage } from "./lang/language.ts";
import type { Chinese } from "./lang/zh/index.ts";
import { requireNoInputs } from "./output-file.ts";
import { packageVersion } from "./version.ts";

/** How help shows a command: its name and arguments. */
function usageOf(command: Command): string {
  const entry = commandOf(command.name());
  return entry === undefined
    ? new Help().subcommandTerm(command)
    : `${[command.name(), entry.alias ?? []].flat().join("|")} ${entry.usage}`.trimEnd();
}

/** An option that is one of some words names those nearest to a mistyped one. */
function explainChoices(option: Option): void {
  const { argChoices } = option;
  if (argChoices === undefined) return;
  option.argParser((text: string) => {
    if (argChoices.includes(text)) return text;
    throw new InvalidArgumentError(describeChoices(text, argChoices));
  });
}

/** The command that an argument names, if it names one. */
function findCommand(argument: string): CommandEntry | undefined {
  return commandOf(argument) ?? Object.values(commands).find(({ alias }) => alias === argument);
}

/**
 * The whole command line. Only the commands named in the arguments are loaded; the others are just a name and a
 * summary, which is all that help and corrections need.
 */
async function createProgram(args: readonly string[], chinese: Chinese | undefined): Promise<Command> {
  const program = new Command("residua")
    .description(
      `Residual networks in TypeScript: see what the shortcut type does, train, evaluate, predict.

A block computes y = act(F(x) + S(x)). The shortcut type says what S is: the unchanged input (identity), a 1×1 convolution of it (projection), or nothing (plain).`,
    )
    .version(packageVersion())
    .addOption(
      new Option(
        "--lang <language>",
        "language of help, messages and tables (default: by LC_ALL, LC_MESSAGES, LANG)",
      ).choices(languages),
    )
    .showHelpAfterError(false)
    .showSuggestionAfterError(true)
    .configureHelp({ subcommandTerm: usageOf, ...chinese?.help })
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
    for (const option of command.options) explainChoices(option);
    command.exitOverride();
    command.configureOutput({ outputError: () => undefined });
    if (chinese !== undefined) chinese.applyTo(command);
  }
  return program;
}

/** The Chinese texts, if Chinese is to be spoken; it is from then on. */
async function loadChinese(args: readonly string[]): Promise<Chinese | undefined> {
  if (chooseLanguage(args, process.env) !== "zh") return undefined;
  const { chinese } = await import("./lang/zh/index.ts");
  speak("zh", chinese);
  return chinese;
}

/** Runs one command. @returns the exit code: 0, 1 for a failure, 2 for wrong usage, 130 after Ctrl-C */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let [program, running]: (Command | undefined)[] = [];
  try {
    const chinese = await loadChinese(args);
    program = await createProgram(args, chinese);
    program.hook("preAction", async (_, command) => {
      running = command;
      requireWorkingFolder();
      await requireNoInputs(command);
    });
    await program.parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? ExitCode.ok);
  } catch (error) {
    return await reportError(explainMissingPackage(error), running, helpFor(args, program));
  }
}

/** @throws {EnvironmentError} if the folder that the command was started in has been deleted */
function requireWorkingFolder(): void {
  try {
    process.cwd();
  } catch (cause) {
    throw new EnvironmentError("working folder", "no longer exists; change to a folder that does", { cause });
  }
}

/** The command line that shows the help of what was typed: of a command's own command, such as `data draw`, if it got as far. */
function helpFor(args: readonly string[], program: Command | undefined): string {
  const typed = ["residua"];
  let at = program;
  for (const arg of args) {
    const next = at?.commands.find((each) => each.name() === arg || each.aliases().includes(arg));
    if (next === undefined) continue;
    typed.push(arg);
    at = next;
  }
  return [...typed, "--help"].join(" ");
}

/** How long a rank other than 0 waits before it says what went wrong. */
const OTHER_RANK_MILLISECONDS = 2_000;

async function reportError(error: unknown, running: Command | undefined, help: string): Promise<number> {
  if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.ok;
  // Loaded only when something goes wrong.
  const rank = (await import("./ranks.ts")).findRank(process.env)?.rank ?? 0;
  // If rank 0 fails in the same way, it says so, and its end ends this process.
  if (rank > 0) await setTimeout(OTHER_RANK_MILLISECONDS);
  const name = rank > 0 ? `residua: rank ${rank}` : "residua";
  if (error instanceof CommanderError) {
    if (error.code !== "commander.help")
      printLine(
        `${name}: ${spokenMessage(error.message.replace(/^error: /, ""))}${spoken({ en: `; see ${help}`, zh: `；参见 ${help}` })}`,
      );
    return ExitCode.usage;
  }
  if (error instanceof ResiduaError) {
    printLine(`${name}: ${spokenMessage(running === undefined ? error.message : await inFlags(error, running))}`);
    return error instanceof OptionError ? ExitCode.usage : ExitCode.failure;
  }
  printLine(`${name}: unexpected ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
  if (process.env["RESIDUA_DEBUG"] && error instanceof Error) printLine(stackOf(error));
  return ExitCode.failure;
}

/** Where it was thrown. An error from another process carries its stack there as its cause. */
function stackOf({ stack = "", cause }: Error): string {
  return typeof cause === "string" ? cause : stack;
}

/** The message as {@link describeError} words it, loaded only when something goes wrong. */
async function inFlags(error: ResiduaError, command: Command): Promise<string> {
  return (await import("./field-flags.ts")).describeError(error, command);
}

/** Prints the message as one line, whatever it holds; an address that was typed in a wrong place is not repeated. */
function printLine(text: string): void {
  const shown = hideSecrets(text);
  // A terminal may still show a line of progress.
  const clear = process.stderr.isTTY ? "\r\x1b[2K" : "";
  process.stderr.write(
    `${clear}${process.env["RESIDUA_DEBUG"] ? shown : escapeControls(shown.replaceAll(/\s*\n\s*/g, " "))}\n`,
  );
}
