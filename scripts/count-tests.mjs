// Prints "N passed, N failed" for Vitest's JSON report; a file that did not load, or no report at all, is a failure too.
import { readFileSync } from "node:fs";
import process from "node:process";

/**
 * @typedef {{ status: string }} Result
 * @typedef {Result & { assertionResults: Result[] }} FileResult
 */

/** @returns {{ passed: number, failed: number }} */
function countTests() {
  /** @type {{ success: boolean, testResults: FileResult[] }} */
  const report = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
  const results = report.testResults.flatMap(({ status, assertionResults }) =>
    status === "failed" && assertionResults.every((test) => test.status !== "failed")
      ? [...assertionResults, { status }]
      : assertionResults,
  );
  const count = (/** @type {string} */ status) => results.filter((result) => result.status === status).length;
  const failed = count("failed");
  return { passed: count("passed"), failed: report.success ? failed : Math.max(failed, 1) };
}

let counts = { passed: 0, failed: 1 };
try {
  counts = countTests();
} catch (error) {
  console.error(`no test report: ${String(error)}`);
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 ? 1 : 0;
