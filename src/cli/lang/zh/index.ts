import type { Command, Help } from "commander";
import { chineseHelp, translateAfterHelp } from "./help.ts";
import { translateMessage } from "./messages.ts";

/** What Chinese needs beyond the words of both languages; loaded, with all texts, only when Chinese is spoken. */
export interface Chinese {
  readonly help: Partial<Help>;
  /** A message of the library or of commander; as it is if there is no translation. */
  readonly message: (english: string) => string;
  /** Makes a command's own help Chinese. */
  readonly applyTo: (command: Command) => void;
}

function applyTo(command: Command): void {
  command.configureHelp({ ...command.configureHelp(), ...chineseHelp });
  command.configureOutput({
    // Commander writes the help itself and what follows it apart; the latter begins with an empty line.
    writeOut: (text) => process.stdout.write(text.startsWith("\n") ? translateAfterHelp(text) : text),
  });
}

/** The command line's Chinese. */
export const chinese: Chinese = { help: chineseHelp, message: translateMessage, applyTo };
