import { describeChoices } from "./choices.ts";
import { escapeControls } from "./printable.ts";

/**
 * One grammar for every error: where it happened, then what is, what must be and what to do. The class lets a program
 * tell them apart; the command line prints the message alone, never a stack.
 */
export class ResiduaError extends Error {
  /** The class by a name that survives a bundler, which renames classes. */
  override readonly name: string = "ResiduaError";
  /** What the error is about: a layer's path, a file, a field of the library's options such as `batch`. */
  readonly where: string;
  /** The message without `where`. Fields stand in backticks: leave `model` out. */
  readonly detail: string;

  constructor(where: string, detail: string, options?: { cause?: unknown }) {
    super(escapeControls(`${where}: ${detail}`), options);
    this.where = where;
    this.detail = escapeControls(detail);
  }
}

/** A tensor, layer or operator met a shape it cannot take. */
export class ShapeError extends ResiduaError {
  override readonly name: string = "ShapeError";
}

/** An option or argument holds a value outside what it may be. */
export class OptionError extends ResiduaError {
  override readonly name: string = "OptionError";
}

/** A file is corrupt, truncated, in another format or of an unsupported version. */
export class FormatError extends ResiduaError {
  override readonly name: string = "FormatError";
}

/** A graph holds an operator, or a use of one, that is not supported. */
export class UnsupportedError extends ResiduaError {
  override readonly name: string = "UnsupportedError";
}

/** Weights do not fit the network: keys are missing, left over or of another shape. */
export class WeightsError extends ResiduaError {
  override readonly name: string = "WeightsError";
}

/** The training itself failed, for example a loss that is not a number. */
export class TrainingError extends ResiduaError {
  override readonly name: string = "TrainingError";
}

/** A file does not match its signature or seal, or the key is the wrong one. */
export class VerificationError extends ResiduaError {
  override readonly name: string = "VerificationError";
}

/** Something outside failed: a file, the network, the disk. */
export class EnvironmentError extends ResiduaError {
  override readonly name: string = "EnvironmentError";
}

/** Returns `value` if `choices` has it; otherwise throws an error that lists the choices, and the nearest. */
export function oneOf<T extends string>(where: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) {
    throw new OptionError(where, `unknown value "${value}"; ${describeChoices(value, choices)}`);
  }
  return found;
}

/** The message of whatever was thrown. */
export function errorMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
