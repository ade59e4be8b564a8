/** What the process returns. */
export const ExitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** Stopped by Ctrl-C, as shells count it: 128 + SIGINT. */
  interrupted: 130,
} as const;
