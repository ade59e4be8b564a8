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
    `**${percent(test.accuracy)}** of ${test.count.toLocaleString("en-US")} test images after ${epochs.length} epochs.`,
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
 * The page of what was found.
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
        : `\`${record.command}\` — ${duration(record.seconds)}${record.resumed ? " (the part after it was interrupted)" : ""}, ${record.machine}, ${record.date}`;
    return [`## ${title}`, "", ...found, "", `Published: ${published}.`, "", note, "", how, ""];
  });
  const lead =
    size === "full"
      ? "Run on two cores of a shared machine, so shorter than the papers' own trainings where it says so. Seed 0 where none is given, seeds 0 to n − 1 where there are several. Every figure is what the command under it printed."
      : `The ${size} version: it shows that the experiments run, not what they find.`;
  return (
    [
      "# Results",
      "",
      lead,
      "",
      "`npm run results` runs all of it anew (hours; it can be interrupted), `npm run results -- --short` a version of minutes, `--only NAME` one. The records with every run are in [results/](results/).",
      "",
      ...parts,
    ]
      .join("\n")
      .trimEnd() + "\n"
  );
}
