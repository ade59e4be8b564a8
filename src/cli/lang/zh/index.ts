import type { Command, Help } from "commander";
import { chineseHelp, translateAfterHelp } from "./help.ts";
import { translateMessage } from "../../../report/zh/messages.ts";

/** What Chinese needs beyond the words of both languages; loaded, with all texts, only when Chinese is spoken. */
export interface Chinese {
  readonly help: Partial<Help>;
  /** A message of the library or of commander; as it is if there is no translation. */
  readonly message: (english: string) => string;
  /** Makes a command's own help Chinese. */
  readonly applyTo: (command: Command) => void;
}

function applyTo(command: Command): void {
  // Commander writes the help itself and what follows it apart; the latter begins with an empty line.
  const translate = (text: string): string => (text.startsWith("\n") ? translateAfterHelp(text) : text);
  command.configureHelp({ ...command.configureHelp(), ...chineseHelp });
  command.configureOutput({
    writeOut: (text) => process.stdout.write(translate(text)),
    // The help of a command that was typed without what it needs.
    writeErr: (text) => process.stderr.write(translate(text)),
  });
}

/** The command line's Chinese. */
export const chinese: Chinese = { help: chineseHelp, message: translateMessage, applyTo };
