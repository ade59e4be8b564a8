import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Running } from "../../../jobs/job.ts";
import { runInWorker } from "../../../jobs/web/worker.ts";
import type { Words } from "../../../report/words.ts";
import type { Said } from "../../said.ts";
import { messageOf } from "../message.ts";
import { endStudy } from "./study-state.ts";
import { type Described, type DescribeInput, describing } from "./describe-job.ts";

/** What the page shows. */
export interface NetworkState {
  readonly described?: Described;
  /** What was described. */
  readonly input?: DescribeInput;
  readonly isWorking: boolean;
  readonly problem?: Said;
}

const shown: Signal<NetworkState> = signal({ isWorking: false });
/** The network that is shown, and how the last wish went. */
export const networkState: ReadonlySignal<NetworkState> = shown;

let running: Running<never, Described> | undefined;

/** A file that takes longer than this is given up. */
const MOST_SECONDS = 60;

/** Whether two wishes are for the same network, whatever it is compared with. */
function isSame(before: DescribeInput | undefined, { source, size }: DescribeInput): boolean {
  if (before === undefined || before.size !== size) return false;
  if (before.source.kind === "file" || source.kind === "file")
    return before.source.kind === "file" && source.kind === "file" && before.source.file === source.file;
  return before.source.model === source.model && before.source.shortcut === source.shortcut;
}

/** Describes a network in a worker; the one before stays until then. */
export async function describe(input: DescribeInput): Promise<void> {
  running?.kill();
  const job = runInWorker(describing, input);
  running = job;
  const { problem: _, ...rest } = shown.value;
  shown.value = { ...rest, isWorking: true };
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    job.kill();
  }, 1000 * MOST_SECONDS);
  try {
    const described = await job.result;
    if (running === job) {
      if (!isSame(shown.value.input, input)) endStudy();
      shown.value = { described, input, isWorking: false };
    }
  } catch (error) {
    const tooLong: Words = {
      en: `It took more than ${MOST_SECONDS} seconds to read, and was given up; residua describe reads it on the command line.`,
      zh: `读取超过 ${MOST_SECONDS} 秒，已放弃；可在命令行用 residua describe 读取。`,
    };
    if (running === job) shown.value = { ...rest, isWorking: false, problem: isLate ? tooLong : messageOf(error) };
  } finally {
    clearTimeout(late);
  }
}

/** Says why what was dropped cannot be read. */
export function refuse(problem: Words): void {
  shown.value = { ...shown.value, problem };
}
