import { makeFolder, requireWritableFolder, writeFileAtomically } from "../files/node.ts";
import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { OptionError } from "../tensor/errors.ts";
import { type ChildJob, runInChild } from "../jobs/node/child-process.ts";
import type { Report } from "../report/report.ts";
import { ExitCode } from "./exit-code.ts";
import { watchInterrupt } from "./interrupt.ts";
import { holdFile } from "./output-lock.ts";
import { formatDuration, say } from "./output.ts";
import { phrase, type Words } from "../report/words.ts";

/** How a command of the lab ended. */
interface LabEnd {
  /** Whether everything requested is done. */
  readonly isWhole: boolean;
  /** Whether the same command resumes what is not whole. Default true. */
  readonly isKept?: boolean;
  /** The report's path; undefined if nothing was measured. */
  readonly report?: string | undefined;
}

function describeEnd({ isWhole, isKept = true, report }: LabEnd): Words {
  if (report === undefined) return { en: "nothing was measured", zh: "没有任何测量" };
  if (isWhole) return { en: `report: ${report}`, zh: `报告：${report}` };
  if (!isKept) return { en: `stopped early; report so far: ${report}`, zh: `提前停止；目前的报告：${report}` };
  return {
    en: `the measurements are kept; the same command resumes. Report so far: ${report}`,
    zh: `测量结果已保存；再次运行同一命令即可继续。目前的报告：${report}`,
  };
}

/** Checks before minutes of measuring, not after. @throws {OptionError | EnvironmentError} if the report cannot be written to this file */
export async function requireReportFile(path: string, option = "--out"): Promise<void> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw new OptionError(option, `"${path}" is a folder, must be a file such as report.html`);
  await requireWritableFolder(dirname(path));
  await holdFile(path);
}

/** Writes a report as one page. */
export async function writeReport(path: string, report: Report): Promise<void> {
  // The drawing code takes a third of a second to load, which no other command should wait for.
  const { renderReport } = await import("../report/node/index.ts");
  await makeFolder(dirname(path));
  await writeFileAtomically(path, renderReport(report));
}

/** How a command of the lab handles its job's events and result. */
interface LabUse<Event, Result> {
  /** The file in which the job keeps what it has measured; removed once all of it is in the report. */
  readonly kept?: string;
  readonly onEvent: (event: Event) => void;
  readonly conclude: (result: Result) => Promise<LabEnd>;
}

/** Runs a job of the lab to its end: after Ctrl-C it finishes the current measurement and shows what it has. */
export async function runLabJob<Input, Event, Result>(
  job: ChildJob<Input, Event, Result>,
  input: NoInfer<Input>,
  { kept, onEvent, conclude }: NoInfer<LabUse<Event, Result>>,
): Promise<void> {
  const start = performance.now();
  const running = runInChild(job, input, { onEvent });
  const interrupt = watchInterrupt(running, {
    en: "stopping after this measurement; press Ctrl-C again to end at once",
    zh: "本次测量之后停止；再按一次 Ctrl-C 立即结束",
  });
  try {
    const end = await conclude(await running.result);
    if (end.isWhole && kept !== undefined) await rm(kept, { force: true });
    const time = formatDuration((performance.now() - start) / 1000);
    say(phrase({ en: `${time}; `, zh: `${time}；` }, describeEnd(end)));
    if (!end.isWhole) process.exitCode = ExitCode.interrupted;
  } catch (error) {
    if (!interrupt.pressed()) throw error;
    process.exitCode = ExitCode.interrupted;
  } finally {
    interrupt.end();
  }
}
