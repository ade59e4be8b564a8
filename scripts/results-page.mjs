/** @typedef {import("./experiments.mjs").Experiment} Experiment */
/**
 * @typedef {object} ResultRecord
 * @property {string} command
 * @property {number} seconds
 * @property {boolean} [resumed]
 * @property {string} machine
 * @property {string} date
 * @property {any} result
 */

const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(2)} %`;

const duration = (/** @type {number} */ seconds) =>
  seconds < 90
    ? `${seconds} s`
    : seconds < 5400
      ? `${Math.round(seconds / 60)} min`
      : `${(seconds / 3600).toFixed(1)} h`;

/**
 * @param {any} result
 * @returns {readonly string[]}
 */
function describeTraining(result) {
  const { test, epochs } = result;
  return [
    `**${percent(test.measures.accuracy)}** of ${test.count.toLocaleString("en-US")} test images after ${epochs.length} epochs.`,
  ];
}

/**
 * @param {any} result
 * @returns {readonly string[]}
 */
function describeComparison(result) {
  const rows = result.cells.map((/** @type {any} */ cell) => {
    const interval =
      cell.interval === undefined ? "–" : `${percent(cell.interval.low)} – ${percent(cell.interval.high)}`;
    const median = cell.median === undefined ? "–" : percent(cell.median);
    const diverged = cell.diverged === 0 ? "" : `, ${cell.diverged} diverged`;
    return `| ${cell.depth} | ${cell.name} | ${median} | ${interval} | ${cell.count}${diverged} |`;
  });
  const head = [
    "| depth | shortcut | test accuracy, median | 95 % interval of the mean | seeds |",
    "| ---: | --- | ---: | --- | ---: |",
  ];
  const sentences = result.findings.map((/** @type {string} */ sentence) => `- ${sentence}`);
  return [...head, ...rows, "", ...sentences];
}

/**
 * The results page; the full one begins with a link to its Chinese twin.
 *
 * @param {readonly { readonly experiment: Experiment, readonly record: ResultRecord | undefined }[]} all
 * @param {string} size
 */
export function describeResult(all, size) {
  const parts = all.flatMap(({ experiment, record }) => {
    const { title, published, note } = experiment;
    const found =
      record === undefined
        ? ["Not run yet."]
        : "runs" in record.result
          ? describeComparison(record.result)
          : describeTraining(record.result);
    const how =
      record === undefined
        ? `\`residua ${experiment.command.join(" ")}\``
        : `\`${record.command}\` — ${duration(record.seconds)}${record.resumed ? " (the part after an interruption)" : ""}, ${record.machine}, ${record.date}`;
    return [`## ${title}`, "", ...found, "", `Published: ${published}.`, "", note, "", how, ""];
  });
  const lead =
    size === "full"
      ? "All experiments ran on two cores of a shared machine, so some are shorter than in the papers; each says so. Runs use seed 0 unless stated otherwise; n seeds are 0 to n − 1. Every figure is what the command below it printed."
      : `This is the ${size} version: it shows that the experiments run, not what they find.`;
  const twin = size === "full" ? ["[中文](results.zh-CN.md)", ""] : [];
  return (
    [
      ...twin,
      "# Results",
      "",
      lead,
      "",
      "`npm run results` repeats everything (it takes hours and resumes after an interruption), `npm run results -- --short` runs a version that takes minutes, and `--only NAME` runs one experiment. The records of all runs are in [results/](results/).",
      "",
      ...parts,
    ]
      .join("\n")
      .trimEnd() + "\n"
  );
}
