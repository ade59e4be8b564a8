import { join } from "node:path";
import { makeFolder, writeFileAtomically } from "../files/node.ts";
import { type ComparedRun, type Comparison, type DrawnRun, groupCells } from "../lab/compare/comparison.ts";
import { formatComparison } from "./comparison-output.ts";
import { print, printJson, printLines } from "./output.ts";

/** The files of a comparison's report. */
export interface WrittenReport {
  readonly page: string;
  readonly data: string;
}

/** Writes a comparison's page and its data. @returns undefined if no run has finished */
export async function writeReport(folder: string, comparison: Comparison): Promise<WrittenReport | undefined> {
  if (comparison.runs.length === 0) return undefined;
  await makeFolder(folder);
  // Imported only here: the drawing code takes a third of a second to load, which no other command should wait for.
  const [{ renderReport }, { reportComparison }] = await Promise.all([
    import("../report/node/render-report.ts"),
    import("../lab/compare/report.ts"),
  ]);
  const report = { page: join(folder, "comparison.html"), data: join(folder, "comparison.json") };
  await writeFileAtomically(report.page, renderReport(reportComparison(comparison)));
  await writeFileAtomically(report.data, `${JSON.stringify(comparison, undefined, 1)}\n`);
  return report;
}

/** Prints a comparison as a table with its findings, or as one JSON document. */
export async function showComparison(
  comparison: Comparison,
  { json = false, report }: { readonly json?: boolean | undefined; readonly report: string | undefined },
): Promise<void> {
  if (json) printJson(await toJson(comparison, report));
  else await printComparison(comparison);
}

/** A run's figures, as `--json` prints them. */
function withoutCurve({ curve: _curve, ...run }: DrawnRun): ComparedRun {
  return run;
}

async function toJson(comparison: Comparison, report: string | undefined): Promise<object> {
  const { compareTypes, summarizeCell } = await import("../lab/compare/statistics.ts");
  const { compareGoals, summarizeGoals } = await import("../lab/compare/goal-costs.ts");
  const { summarize } = await import("../lab/compare/words.ts");
  const { runs, settings, skipped } = comparison;
  return {
    runs: runs.map(withoutCurve),
    ...(settings.until === undefined
      ? { cells: groupCells(runs).map(summarizeCell), pairs: compareTypes(runs) }
      : { costs: summarizeGoals(runs), pairs: compareGoals(runs) }),
    findings: summarize(comparison).map(({ en }) => en),
    settings,
    ...(skipped === undefined ? {} : { skipped }),
    report,
  };
}

async function printComparison(comparison: Comparison): Promise<void> {
  if (comparison.runs.length === 0) return;
  printLines(formatComparison(comparison));
  print();
  const { summarize } = await import("../lab/compare/words.ts");
  for (const sentence of summarize(comparison)) print(sentence);
}
