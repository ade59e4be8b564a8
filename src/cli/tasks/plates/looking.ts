import { Option } from "commander";
import { findDefaults, type FindPlatesOptions } from "../../../tasks/plates/find-plates.ts";
import { locateDefaults } from "../../../tasks/plates/locate.ts";
import { decimalNumber, onlyGiven, wholeNumber } from "../../options.ts";

/** How every command that looks for plates may be told to. */
export interface LookingFlags {
  readonly threshold?: number;
  readonly legibility?: number;
  readonly longestSide?: number;
  /** False if they are not wanted; commander's default is true. */
  readonly closeUps?: boolean;
}

/** The options of {@link LookingFlags}. */
export function lookingOptions(): readonly Option[] {
  return [
    new Option("--threshold <score>", `least score of a plate (default: ${locateDefaults.threshold})`).argParser(
      decimalNumber(0.001, 1),
    ),
    new Option(
      "--legibility <share>",
      `least mean probability of a plate's characters; 0 keeps all that is located (default: the reader's own, or ${findDefaults.legibility})`,
    ).argParser(decimalNumber(0, 1)),
    new Option(
      "--longest-side <n>",
      `shrink larger pictures to this (default: ${locateDefaults.longestSide}); 1280 finds smaller plates in four times the time`,
    ).argParser(wholeNumber(64, 8192)),
    new Option("--no-close-ups", "do not locate plates that are not read surely again: faster, and reads fewer"),
  ];
}

/** What was asked for. */
export function lookingChoice({ threshold, legibility, longestSide, closeUps }: LookingFlags): FindPlatesOptions {
  return onlyGiven({ threshold, legibility, longestSide, closeUps: closeUps === false ? closeUps : undefined });
}
