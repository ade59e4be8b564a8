import { EnvironmentError } from "../../tensor/errors.ts";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOSPC: "no space is left on the device; free some and try again",
  EDQUOT: "the disk quota is used up; free some space and try again",
  EROFS: "the file system is read-only",
  EEXIST: "a file of this name is in the way",
  EISDIR: "is a folder, must be a file",
  ENOTDIR: "a part of the path is a file, must be a folder",
  ENAMETOOLONG: "the name is too long",
  EFBIG: "the file system does not allow files of this size",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
  EBUSY: "the file is in use",
  EIO: "the device failed",
  ELOOP: "symbolic links form a loop",
};

/**
 * An error that says in one line what the system refused.
 *
 * @param path the file or folder it is about
 * @param action what was tried, such as "cannot read"
 * @param cause what was thrown; its `code` decides the words
 */
export function toEnvironmentError(path: string, action: string, cause: unknown): EnvironmentError {
  if (cause instanceof EnvironmentError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const message = cause instanceof Error ? cause.message.replace(/\s+/g, " ") : String(cause);
  return new EnvironmentError(path, `${action}: ${reasons[code] ?? (code === "" ? message : `${message} (${code})`)}`, {
    cause,
  });
}

/** Whether a thrown value is the system error with this code, such as "ENOENT". */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
