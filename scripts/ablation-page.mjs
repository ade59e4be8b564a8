/** @typedef {import("./ablation.mjs").Arm} Arm */
/** @typedef {import("./ablation.mjs").Language} Language */
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

/** Figures of the table: their names in the records, and in its head. */
const columns = [
  { name: "f1At50", title: { en: "F1 at IoU 0.5", zh: "F1（IoU 0.5）" } },
  { name: "meanAp", title: { en: "mean AP", zh: "平均 AP" } },
  { name: "foregroundDice", title: { en: "foreground Dice", zh: "前景 Dice" } },
];

/** What one part brings, seed by seed: the arm with it less the arm without. */
const questions = [
  {
    title: { en: "shortcuts, without attention", zh: "快捷连接（没有注意力）" },
    without: "plain",
    with: "residual",
  },
  {
    title: { en: "shortcuts, with gates", zh: "快捷连接（有注意力门）" },
    without: "plain-gates",
    with: "residual-gates",
  },
  {
    title: { en: "gates, without shortcuts", zh: "注意力门（没有快捷连接）" },
    without: "plain",
    with: "plain-gates",
  },
  {
    title: { en: "gates, with shortcuts", zh: "注意力门（有快捷连接）" },
    without: "residual",
    with: "residual-gates",
  },
  {
    title: { en: "squeeze-excitation, beside gates", zh: "squeeze-excitation（另有注意力门）" },
    without: "residual-gates",
    with: "residual-gates-se",
  },
  {
    title: { en: "CBAM, beside gates", zh: "CBAM（另有注意力门）" },
    without: "residual-gates",
    with: "residual-gates-cbam",
  },
];

/** What the page says, in each of its languages. */
const words = {
  en: {
    top: ["[中文](ablation.zh-CN.md)", "", "# What shortcuts and attention bring"],
    about: (/** @type {number | undefined} */ images) =>
      `The network of \`residua train --preset cells\`, with and without its parts; images, steps and seeds are the same for all.
Figures are measured on ${images ?? "the"} held-out images; ± is the standard deviation over seeds. Short training runs show what helps
early, not what could be reached.`,
    alt: "F1 of each network: the mean over seeds, and each seed",
    network: "network",
    seeds: "seeds",
    time: "time per run",
    minutes: (/** @type {string} */ count) => `${count} min`,
    answers: "What each part adds, as the mean over seeds that have both networks:",
    part: "part",
    ups: (/** @type {number} */ ups, /** @type {number} */ count) => ` (${ups} of ${count} up)`,
    missing: (/** @type {readonly string[]} */ titles) => `Not run yet: ${titles.join("; ")}.`,
    example: (/** @type {string} */ command, /** @type {string} */ where) => `Example: \`${command}\` (${where}).`,
    how: `\`npm run ablation -- --data DIR\` runs what is missing and writes this page; after an interruption it resumes. \`--minutes\`,
\`--seeds\` and \`--arms\` change what is run. Every run is in [results/ablation.json](results/ablation.json).`,
  },
  zh: {
    top: ["[English](ablation.md)", "", "# 快捷连接与注意力的作用"],
    about: (/** @type {number | undefined} */ images) =>
      `以 \`residua train --preset cells\` 的网络为基础，比较有无各个组成部分时的结果；所有网络使用相同的图像、步数和种子。指标在${images === undefined ? "" : ` ${images} 张`}留出的图像上测得；± 是各种子之间的标准差。短时间的训练只能说明什么在早期有帮助，不能说明最终能达到什么水平。`,
    alt: "每个网络的 F1：各种子的均值，以及每个种子的结果",
    network: "网络",
    seeds: "种子数",
    time: "每次训练用时",
    minutes: (/** @type {string} */ count) => `${count} 分钟`,
    answers: "加上某个部分后的变化，对两种网络都有结果的种子取平均：",
    part: "部分",
    ups: (/** @type {number} */ ups, /** @type {number} */ count) => `（${count} 个种子中 ${ups} 个上升）`,
    missing: (/** @type {readonly string[]} */ titles) => `尚未运行：${titles.join("；")}。`,
    example: (/** @type {string} */ command, /** @type {string} */ where) => `命令示例：\`${command}\`（${where}）。`,
    how: "`npm run ablation -- --data DIR` 补齐尚未运行的部分并生成本页；中断后可以继续。`--minutes`、`--seeds` 和 `--arms` 决定运行哪些内容。每次运行的记录都在 [results/ablation.json](results/ablation.json) 中。",
  },
};

/** @param {readonly AblationRun[]} runs @param {Language} language */
function answers(runs, language) {
  return questions.flatMap(({ title, ...arms }) => {
    const pairs = runs.flatMap((run) => {
      const other = runs.find(({ arm, seed }) => arm === arms.without && seed === run.seed);
      return run.arm === arms.with && other !== undefined ? [{ own: run.figures, other: other.figures }] : [];
    });
    if (pairs.length === 0) return [];
    const cells = columns.map(({ name }) => {
      const differences = pairs.map(({ own, other }) => own[name] - other[name]);
      const sign = mean(differences) >= 0 ? "+" : "−";
      const ups = differences.filter((difference) => difference > 0).length;
      return `${sign}${figure(Math.abs(mean(differences)))}${words[language].ups(ups, differences.length)}`;
    });
    return [`| ${title[language]} | ${cells.join(" | ")} |`];
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
    return samples.length === 0 ? [] : [{ category: title.en, value: mean(samples), samples }];
  });
  const [{ name, title }] = columns;
  const label = title.en;
  return dots.length === 0
    ? undefined
    : { kind: "dots", name, title: `${label}, held-out images`, caption: label, value: { label }, dots };
}

/**
 * The page of what was found.
 *
 * @param {{ readonly runs: readonly AblationRun[], readonly machine?: string }} kept
 * @param {readonly Arm[]} arms
 * @param {Language} language
 */
export function describeAblation({ runs, machine }, arms, language) {
  const { top, about, alt, network, seeds, time, minutes, ...more } = words[language];
  const titles = columns.map(({ title }) => title[language]);
  const rows = arms.flatMap(({ name, title }) => {
    const own = runs.filter(({ arm }) => arm === name);
    if (own.length === 0) return [];
    const cells = columns.map((column) => spread(own.map(({ figures }) => figures[column.name])));
    const whole = own.filter(({ resumed }) => resumed !== true);
    const length = whole.length === 0 ? "" : minutes((mean(whole.map(({ seconds }) => seconds)) / 60).toFixed(1));
    return [`| ${title[language]} | ${cells.join(" | ")} | ${own.length} | ${length} |`];
  });
  const found = answers(runs, language);
  const answered = [
    more.answers,
    "",
    `| ${[more.part, ...titles].join(" | ")} |`,
    "| --- | ---: | ---: | ---: |",
    ...found,
    "",
  ];
  const missing = arms.filter(({ name }) => !runs.some(({ arm }) => arm === name)).map(({ title }) => title[language]);
  const [first] = runs;
  return `${[
    ...top,
    "",
    about(first?.images),
    "",
    ...(first === undefined ? [] : [`![${alt}](pictures/ablation.svg)`, ""]),
    `| ${[network, ...titles, seeds, time].join(" | ")} |`,
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
    "",
    ...(found.length === 0 ? [] : answered),
    ...(missing.length === 0 ? [] : [more.missing(missing), ""]),
    ...(first === undefined ? [] : [more.example(first.command, `${machine}, ${first.date}`), ""]),
    more.how,
  ].join("\n")}\n`;
}
