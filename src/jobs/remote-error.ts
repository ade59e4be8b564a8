import {
  EnvironmentError,
  FormatError,
  OptionError,
  ResiduaError,
  ShapeError,
  TrainingError,
  UnsupportedError,
  VerificationError,
  WeightsError,
} from "../tensor/errors.ts";

type Kind =
  | "ShapeError"
  | "OptionError"
  | "FormatError"
  | "UnsupportedError"
  | "WeightsError"
  | "TrainingError"
  | "VerificationError"
  | "EnvironmentError"
  | "ResiduaError";

/** Classes by names that survive a bundler, which renames the classes themselves. The base comes last, since it fits all. */
const classes: { readonly [K in Kind]: typeof ResiduaError } = {
  ShapeError,
  OptionError,
  FormatError,
  UnsupportedError,
  WeightsError,
  TrainingError,
  VerificationError,
  EnvironmentError,
  ResiduaError,
};

/** An error as plain data: what crosses a boundary between threads or processes, which keeps neither class nor fields. */
export type RemoteError = { readonly stack?: string | undefined } & (
  | { readonly kind: Kind; readonly where: string; readonly detail: string }
  | { readonly kind: "unexpected"; readonly name: string; readonly message: string }
);

/** Whatever was thrown, as plain data. A subclass goes as the class that it extends. */
export function describeError(thrown: unknown): RemoteError {
  const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (!(thrown instanceof ResiduaError)) return { kind: "unexpected", name, message, stack };
  const names = Object.keys(classes) as Kind[];
  const kind = names.find((key) => thrown instanceof classes[key]) ?? "ResiduaError";
  return { kind, where: thrown.where, detail: thrown.detail, stack };
}

/** The error again, of the same class and with the same words; its cause is the stack that it had where it was thrown. */
export function restoreError(remote: RemoteError): Error {
  const { stack: cause } = remote;
  if (remote.kind !== "unexpected") return new classes[remote.kind](remote.where, remote.detail, { cause });
  return Object.assign(new Error(remote.message, { cause }), { name: remote.name });
}
