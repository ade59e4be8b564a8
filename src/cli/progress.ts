import { formatDuration, toLine } from "./output.ts";

const MINIMUM_MILLISECONDS = 100;
const PLAIN_MILLISECONDS = 10_000;

/** One line on standard error that says how far a long job is. */
export interface Progress {
  /**
   * Replaces the line.
   * @param share of the work that is done, 0 to 1: says how long the rest takes, at the pace since this was made
   */
  update(text: string, share?: number): void;
  /** Ends the line, so that what follows starts on its own. */
  finish(text?: string): void;
}

/**
 * A live line on a terminal; elsewhere (a log, a pipe) a line now and then, for nobody wants thousands.
 * @param stream where to write; standard error if left out
 */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const live = stream.isTTY;
  const start = performance.now();
  const timeLeft = (share: number | undefined): string =>
    share === undefined || !(share > 0)
      ? ""
      : `, ${formatDuration(((performance.now() - start) / 1000) * (1 / share - 1))} left`;
  let last = 0;
  let open = false;
  return {
    update: (words, share) => {
      const now = performance.now();
      if (now - last < (live ? MINIMUM_MILLISECONDS : PLAIN_MILLISECONDS) && last > 0) return;
      last = now;
      open = live;
      const text = toLine(words + timeLeft(share));
      stream.write(live ? `\r\x1b[2K${text.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}` : `${text}\n`);
    },
    finish: (text) => {
      if (open) stream.write("\r\x1b[2K");
      open = false;
      last = 0;
      if (text !== undefined) stream.write(`${toLine(text)}\n`);
    },
  };
}
