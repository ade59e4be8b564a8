import type { Command, Help } from "commander";
import { chineseHelp, translateAfterHelp } from "./help.ts";

export { translateMessage as message } from "./messages.ts";

/** The Chinese help; loaded, with all texts, only when Chinese is spoken. */
export const help: Partial<Help> = chineseHelp;

/** What this module is to the command line. */
export type Chinese = typeof import("./index.ts");

/** Makes a command's own help Chinese. */
export function applyTo(command: Command): void {
  command.configureHelp({ ...command.configureHelp(), ...chineseHelp });
  command.configureOutput({
    // Commander writes the help itself and what follows it apart; the latter begins with an empty line.
    writeOut: (text) => process.stdout.write(text.startsWith("\n") ? translateAfterHelp(text) : text),
  });
}
