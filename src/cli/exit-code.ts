/** Exit codes of the process. */
export const ExitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** Stopped by Ctrl-C, by the shells' convention: 128 + SIGINT. */
  interrupted: 130,
} as const;
