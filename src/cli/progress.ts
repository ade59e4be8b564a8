import stringWidth from "string-width";
import { phrase, type Words } from "../report/words.ts";
import { spoken } from "./lang/language.ts";
import { formatDuration, toLine } from "./output.ts";

const MINIMUM_MILLISECONDS = 100;
const PLAIN_MILLISECONDS = 10_000;

/** One line on standard error that shows the progress of a long job. */
export interface Progress {
  /**
   * Replaces the line.
   * @param share the share of the work done, 0 to 1. The remaining time is estimated from the pace since the first share above 0:
   *   before it lie compiling and a first step that is slower than the others. A share that is no larger than that begins anew
   */
  update(words: Words, share?: number): void;
  /** Names what happens before there is anything to count. A log or a pipe does not get it. */
  begin(words: Words): void;
  /** Ends the line, so that later output starts on a new one. */
  finish(words?: Words): void;
}

/** As much of a text as a line of a terminal holds, whose characters may take two places. */
function cutToWidth(text: string, width: number): string {
  let left = width;
  for (const [index, character] of Array.from(text).entries()) {
    left -= stringWidth(character);
    if (left < 0) return Array.from(text).slice(0, index).join("");
  }
  return text;
}

/**
 * A live line on a terminal; elsewhere (a log, a pipe) only an occasional line, since nobody wants thousands.
 * @param stream where to write; standard error by default
 */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const live = stream.isTTY;
  let first: { readonly time: number; readonly share: number } | undefined;
  const timeLeft = (share: number | undefined): Words => {
    if (share === undefined || !(share > 0)) return "";
    const now = performance.now();
    // A share that does not grow is the first one of another job.
    if (first === undefined || share <= first.share) {
      first = { time: now, share };
      return "";
    }
    const left = formatDuration((((now - first.time) / 1000) * (1 - share)) / (share - first.share));
    return { en: `, ${left} left`, zh: `，剩余 ${left}` };
  };
  let last = 0;
  let open = false;
  const progress: Progress = {
    begin: (words) => {
      if (live) progress.update(words);
    },
    update: (words, share) => {
      const left = timeLeft(share);
      const now = performance.now();
      if (now - last < (live ? MINIMUM_MILLISECONDS : PLAIN_MILLISECONDS) && last > 0) return;
      last = now;
      open = live;
      const text = toLine(spoken(phrase(words, left)));
      stream.write(live ? `\r\x1b[2K${cutToWidth(text, Math.max(20, (stream.columns ?? 80) - 1))}` : `${text}\n`);
    },
    finish: (words) => {
      if (open) stream.write("\r\x1b[2K");
      open = false;
      last = 0;
      if (words !== undefined) stream.write(`${toLine(spoken(words))}\n`);
    },
  };
  return progress;
}
