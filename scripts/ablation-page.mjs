/** @typedef {import("./ablation.mjs").Arm} Arm */
/**
 * @typedef {object} AblationRun
 * @property {string} arm
 * @property {number} seed
 * @property {string} command
 * @property {number} seconds
 * @property {boolean} [resumed]
 * @property {number} images
 * @property {Readonly<Record<string, number>>} figures
 * @property {string} date
 */

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
/** @param {readonly number[]} values */
const deviation = (values) =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1));
/** @param {number} value */
const figure = (value) => value.toFixed(3);
/** @param {readonly number[]} values */
const spread = (values) =>
  values.length < 2 ? figure(mean(values)) : `${figure(mean(values))} ± ${figure(deviation(values))}`;

/** Figures of the table: their names in the records and in its head. */
const columns = [
  ["f1At50", "F1 at IoU 0.5"],
  ["meanAp", "mean AP"],
  ["foregroundDice", "foreground Dice"],
];

/** What one part brings, seed by seed: the arm with it less the arm without. */
const questions = [
  { title: "shortcuts, without attention", without: "plain", with: "residual" },
  { title: "shortcuts, with gates", without: "plain-gates", with: "residual-gates" },
  { title: "gates, without shortcuts", without: "plain", with: "plain-gates" },
  { title: "gates, with shortcuts", without: "residual", with: "residual-gates" },
  { title: "squeeze-excitation, beside gates", without: "residual-gates", with: "residual-gates-se" },
  { title: "CBAM, beside gates", without: "residual-gates", with: "residual-gates-cbam" },
];

/** @param {readonly AblationRun[]} runs */
function answers(runs) {
  return questions.flatMap(({ title, ...arms }) => {
    const pairs = runs.flatMap((run) => {
      const other = runs.find(({ arm, seed }) => arm === arms.without && seed === run.seed);
      return run.arm === arms.with && other !== undefined ? [{ own: run.figures, other: other.figures }] : [];
    });
    if (pairs.length === 0) return [];
    const cells = columns.map(([name]) => {
      const differences = pairs.map(({ own, other }) => own[name] - other[name]);
      const sign = mean(differences) >= 0 ? "+" : "−";
      const ups = differences.filter((difference) => difference > 0).length;
      return `${sign}${figure(Math.abs(mean(differences)))} (${ups} of ${differences.length} up)`;
    });
    return [`| ${title} | ${cells.join(" | ")} |`];
  });
}

/**
 * F1 of every network: the mean over seeds, and each seed beside it. Undefined before there is anything to draw.
 *
 * @param {{ readonly runs: readonly AblationRun[] }} kept
 * @param {readonly Arm[]} arms
 * @returns {import("residua/lab").Figure | undefined}
 */
export function drawAblation({ runs }, arms) {
  const dots = arms.flatMap(({ name, title }) => {
    const samples = runs.filter(({ arm }) => arm === name).map(({ figures }) => figures.f1At50);
    return samples.length === 0 ? [] : [{ category: title, value: mean(samples), samples }];
  });
  const [name, label] = columns[0];
  return dots.length === 0
    ? undefined
    : { kind: "dots", name, title: `${label}, images held back`, caption: label, value: { label }, dots };
}

/**
 * The page of what was found.
 *
 * @param {{ readonly runs: readonly AblationRun[], readonly machine?: string }} kept
 * @param {readonly Arm[]} arms
 */
export function describeAblation({ runs, machine }, arms) {
  const head = ["network", ...columns.map(([, title]) => title), "seeds", "a run"];
  const rows = arms.flatMap(({ name, title }) => {
    const own = runs.filter(({ arm }) => arm === name);
    if (own.length === 0) return [];
    const cells = columns.map(([column]) => spread(own.map(({ figures }) => figures[column])));
    const whole = own.filter(({ resumed }) => resumed !== true);
    const length = whole.length === 0 ? "" : `${(mean(whole.map(({ seconds }) => seconds)) / 60).toFixed(1)} min`;
    return [`| ${title} | ${cells.join(" | ")} | ${own.length} | ${length} |`];
  });
  const found = answers(runs);
  const missing = arms.filter(({ name }) => !runs.some(({ arm }) => arm === name)).map(({ title }) => title);
  const [first] = runs;
  return `${[
    "# What shortcuts and attention bring",
    "",
    `The network of \`residua train --preset cells\` with and without its parts, with the same images, steps and seeds for all.
Figures are of ${first?.images ?? "the"} images that were held back; ± is the standard deviation over seeds. Short trainings show what
helps early, not what could be reached.`,
    "",
    ...(first === undefined
      ? []
      : ["![F1 of each network: the mean over seeds, and each seed](pictures/ablation.svg)", ""]),
    `| ${head.join(" | ")} |`,
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
    ...(found.length === 0
      ? []
      : [
          "",
          "What a part adds, the mean over seeds that have both:",
          "",
          `| part | ${columns.map(([, title]) => title).join(" | ")} |`,
          "| --- | ---: | ---: | ---: |",
          ...found,
        ]),
    ...(missing.length === 0 ? [] : ["", `Not run yet: ${missing.join("; ")}.`]),
    ...(first === undefined ? [] : ["", `For example \`${first.command}\` — ${machine}, ${first.date}.`]),
    "",
    "`npm run ablation -- --data DIR` runs what is missing and writes this page; it can be interrupted and goes on. `--minutes`, `--seeds`",
    "and `--arms` change what is run. Every run is in [results/ablation.json](results/ablation.json).",
  ].join("\n")}\n`;
}
