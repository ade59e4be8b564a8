import { makeFolder, requireWritableFolder, writeFileAtomically } from "../files/node.ts";
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { OptionError } from "../tensor/errors.ts";
import { type ChildJob, runInChild } from "../jobs/node/child-process.ts";
import type { Report } from "../report/report.ts";
import { ExitCode } from "./exit-code.ts";
import { watchInterrupt } from "./interrupt.ts";
import { holdFile } from "./output-lock.ts";
import { formatDuration, say } from "./output.ts";

/** How a command of the lab ended. */
interface LabEnd {
  /** Whether all that was asked for is done. */
  readonly isWhole: boolean;
  /** Where the report is; left out where nothing was measured. */
  readonly report?: string | undefined;
}

function describeEnd({ isWhole, report }: LabEnd): string {
  if (report === undefined) return "nothing was measured";
  if (isWhole) return `report: ${report}`;
  return `what was measured is kept; the same command goes on. Report so far: ${report}`;
}

/** Not after minutes of measuring: @throws {OptionError | EnvironmentError} if the report cannot be written to this file */
export async function requireReportFile(path: string, option = "--out"): Promise<void> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw new OptionError(option, `"${path}" is a folder, must be a file such as report.html`);
  await requireWritableFolder(dirname(path));
  await holdFile(path);
}

/** Writes a report as one page. */
export async function writeReport(path: string, report: Report): Promise<void> {
  // Drawing takes a third of a second to load, which no other command should wait for.
  const { renderReport } = await import("../report/node/index.ts");
  await makeFolder(dirname(path));
  await writeFileAtomically(path, renderReport(report));
}

/** What a command of the lab does with its job's events, and with what the job comes to. */
interface LabUse<Event, Result> {
  readonly onEvent: (event: Event) => void;
  readonly conclude: (result: Result) => Promise<LabEnd>;
}

/** Runs a job of the lab to its end: Ctrl-C lets it finish what it is doing and show what it has. */
export async function runLabJob<Input, Event, Result>(
  job: ChildJob<Input, Event, Result>,
  input: NoInfer<Input>,
  { onEvent, conclude }: NoInfer<LabUse<Event, Result>>,
): Promise<void> {
  const start = performance.now();
  const running = runInChild(job, input, { onEvent });
  const interrupt = watchInterrupt(running, "stopping after this measurement; press Ctrl-C again to end at once");
  try {
    const end = await conclude(await running.result);
    say(`${formatDuration((performance.now() - start) / 1000)}; ${describeEnd(end)}`);
    if (!end.isWhole) process.exitCode = ExitCode.interrupted;
  } catch (error) {
    if (!interrupt.pressed()) throw error;
    process.exitCode = ExitCode.interrupted;
  } finally {
    interrupt.end();
  }
}
