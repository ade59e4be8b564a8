/** @typedef {import("./experiments.mjs").Experiment} Experiment */
/** @typedef {import("./experiments.mjs").Words} Words */
/** @typedef {keyof Words} Language */
/** @typedef {typeof import("../src/lab/compare/words.ts").summarize} Summarize */
/**
 * @typedef {object} ResultRecord
 * @property {string} command
 * @property {number} seconds
 * @property {boolean} [resumed]
 * @property {string} machine
 * @property {string} date
 * @property {any} result
 * @property {readonly any[]} [runs] by seed or part, of an experiment of several; `result` and `seconds` are each run's then
 */

const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(2)} %`;
const grouped = (/** @type {number} */ count) => count.toLocaleString("en-US");

/** Everything that the pages say around the experiments' own words. */
const texts = {
  twin: { en: "[中文](results.zh-CN.md)", zh: "[English](results.md)" },
  title: { en: "# Results", zh: "# 实验结果" },
  full: {
    en: "All experiments ran on two cores of a shared machine, so some are shorter than in the papers; each says so. Runs use seed 0 unless stated otherwise; n seeds are 0 to n − 1. Every figure is what the command below it printed.",
    zh: "所有实验都在一台共用机器的两个核心上运行，因此有些比论文中的训练短，凡属此类均有说明。未注明时种子为 0；n 个种子指 0 到 n − 1。每个数字都是其下方的命令所打印的。",
  },
  short: {
    en: "This is the short version: it shows that the experiments run, not what they find.",
    zh: "这是短版本：只说明实验能够运行，不代表其结论。",
  },
  tiny: {
    en: "This is the tiny version: it shows that the experiments run, not what they find.",
    zh: "这是微型版本：只说明实验能够运行，不代表其结论。",
  },
  repeat: {
    en: "`npm run results` repeats everything (it takes hours and resumes after an interruption), `npm run results -- --short` runs a version that takes minutes, and `--only NAME` runs one experiment; `--data FOLDER` names the images of one that no command fetches, which is left out otherwise. The records of all runs are in [results/](results/).",
    zh: "`npm run results` 重新运行全部实验（需要数小时，中断后可继续），`npm run results -- --short` 运行几分钟的短版本，`--only NAME` 只运行其中一个；有的实验的图像没有命令可以下载，要用 `--data FOLDER` 给出，否则略过。每次运行的记录在 [results/](results/) 中。",
  },
  notRun: { en: "Not run yet.", zh: "尚未运行。" },
  head: {
    en: "| depth | shortcut | test accuracy, median | 95 % interval of the mean | seeds |",
    zh: "| 深度 | 快捷连接 | 测试准确率（中位数） | 均值的 95 % 置信区间 | 种子数 |",
  },
  without: {
    en: "| without | validation accuracy, last epoch | change, points | processor minutes |",
    zh: "| 去掉的部分 | 验证准确率（最后一轮） | 变化（百分点） | 处理器分钟 |",
  },
  with: {
    en: "| with | validation accuracy, last epoch | change, points | processor minutes |",
    zh: "| 加上的部分 | 验证准确率（最后一轮） | 变化（百分点） | 处理器分钟 |",
  },
  resumed: { en: " (the part after an interruption)", zh: "（中断后的部分）" },
};

const units = {
  en: { second: " s", minute: " min", hour: " h" },
  zh: { second: " 秒", minute: " 分钟", hour: " 小时" },
};

/**
 * @param {number} seconds
 * @param {Language} language
 */
function duration(seconds, language) {
  const { second, minute, hour } = units[language];
  if (seconds < 90) return `${seconds}${second}`;
  return seconds < 5400 ? `${Math.round(seconds / 60)}${minute}` : `${(seconds / 3600).toFixed(1)}${hour}`;
}

/**
 * What a test of pixels found.
 *
 * @param {any} test
 * @returns {Words}
 */
function describeCells({ count, measures: { f1At50, meanAp } }) {
  return {
    en: `F1 at 0.5 **${f1At50.toFixed(3)}**, mean AP **${meanAp.toFixed(3)}** of ${grouped(count)} test images`,
    zh: `${grouped(count)} 张测试图像的 F1（阈值 0.5）为 **${f1At50.toFixed(3)}**，平均 AP 为 **${meanAp.toFixed(3)}**`,
  };
}

/**
 * @param {ResultRecord} record
 * @returns {Words}
 */
function describeTraining({ result: { test, epochs, processorSeconds }, resumed }) {
  const accuracy = `**${percent(test.measures.accuracy)}**`;
  const found =
    test.measures.f1At50 === undefined
      ? {
          en: `${accuracy} of ${grouped(test.count)} test images`,
          zh: `${grouped(test.count)} 张测试图像的准确率为 ${accuracy}`,
        }
      : describeCells(test);
  const minutes = (processorSeconds / 60).toFixed(1);
  const cost =
    processorSeconds === undefined || resumed === true
      ? { en: "", zh: "" }
      : { en: ` and ${minutes} minutes of processor time`, zh: `，用去 ${minutes} 分钟处理器时间` };
  return {
    en: `${found.en} after ${epochs.length} epochs${cost.en}.`,
    zh: `训练 ${epochs.length} 个轮次后${cost.zh}，${found.zh}。`,
  };
}

/**
 * @param {readonly any[]} runs
 * @param {Experiment} experiment
 * @param {Language} language
 */
function describeRuns(runs, { parts, parting = "without" }, language) {
  if (parts === undefined) return describeSeeds(runs)[language];
  return [texts[parting][language], ...describeParts(runs, parts, language)].join("\n");
}

/**
 * What each part of a recipe brings: rows of a training without it, or with it, judged by the validation part.
 *
 * @param {readonly any[]} runs
 * @param {readonly import("./experiments.mjs").Part[]} parts
 * @param {Language} language
 */
function describeParts(runs, parts, language) {
  const last = (/** @type {any} */ { result }) => result.epochs.at(-1).validation.measures.accuracy;
  const whole = runs.find(({ part }) => part === parts[0].name);
  const rows = runs.map((run) => {
    const title = parts.find(({ name }) => name === run.part)?.title[language] ?? run.part;
    const change = 100 * (last(run) - last(whole ?? run));
    const shown =
      run === whole || whole === undefined ? "–" : `${change < 0 ? "−" : "+"}${Math.abs(change).toFixed(2)}`;
    const minutes = run.resumed === true ? "–" : (run.result.processorSeconds / 60).toFixed(1);
    return `| ${title} | ${percent(last(run))} | ${shown} | ${minutes} |`;
  });
  return ["| --- | ---: | ---: | ---: |", ...rows];
}

/**
 * Mean and spread over seeds, and what a training cost.
 *
 * @param {readonly any[]} runs
 * @returns {Words}
 */
function describeSeeds(runs) {
  const of = (/** @type {(run: any) => number} */ value) => runs.map(value);
  const mean = (/** @type {readonly number[]} */ values) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const found = of(({ result }) => result.test.measures.accuracy);
  const middle = mean(found);
  const deviation = Math.sqrt(
    found.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, found.length - 1),
  );
  const [{ result }] = runs;
  const epochs = result.epochs.length;
  const images = grouped(result.test.count);
  const single = of(({ seed }) => seed).join(", ");
  const each = found.map(percent).join(", ");
  const [cost, views] = [describeCost(runs), describeViews(runs)];
  if (runs.length === 1) {
    return {
      en: `**${percent(middle)}** of ${images} test images after ${epochs} epochs, seed ${single}.${views.en}${cost.en}`,
      zh: `训练 ${epochs} 个轮次后，${images} 张测试图像的准确率为 **${percent(middle)}**（种子 ${single}）。${views.zh}${cost.zh}`,
    };
  }
  const spread = (100 * deviation).toFixed(2);
  return {
    en: `**${percent(middle)}** of ${images} test images after ${epochs} epochs, the mean of seeds ${single}: ${each}; standard deviation ${spread} points.${views.en}${cost.en}`,
    zh: `训练 ${epochs} 个轮次后，${images} 张测试图像的准确率为 **${percent(middle)}**，即种子 ${single} 的平均：${each}；标准差 ${spread} 个百分点。${views.zh}${cost.zh}`,
  };
}

/**
 * The mean accuracy over several views of each test image, if that was measured.
 *
 * @param {readonly any[]} runs
 * @returns {Words}
 */
function describeViews(runs) {
  const judged = runs.flatMap(({ views }) => (views === undefined ? [] : [views]));
  if (judged.length === 0) return { en: "", zh: "" };
  const found = judged.map(({ measures }) => measures.accuracy);
  const middle = percent(found.reduce((sum, value) => sum + value, 0) / found.length);
  const { views } = judged[0];
  return {
    en: ` With \`evaluate --views ${views}\`: **${middle}** (${found.map(percent).join(", ")}).`,
    zh: `用 \`evaluate --views ${views}\` 评估：**${middle}**（${found.map(percent).join("、")}）。`,
  };
}

/**
 * What a training cost: of a resumed one, only the part since is known.
 *
 * @param {readonly any[]} runs
 */
function describeCost(runs) {
  const whole = runs.filter(({ resumed }) => resumed !== true);
  if (whole.length === 0) return { en: "", zh: "" };
  const mean = (/** @type {(run: any) => number} */ value, of = whole) =>
    of.reduce((sum, run) => sum + value(run), 0) / of.length;
  const processor = mean(({ result }) => result.processorSeconds / 60).toFixed(1);
  const wall = mean(({ seconds }) => seconds / 60).toFixed(1);
  const load = mean(
    (run) => run.load,
    whole.filter((run) => run.load !== undefined),
  ).toFixed(0);
  return {
    en: ` A training took ${processor} minutes of processor time, and ${wall} minutes by the clock on a machine with a load of ${load}.`,
    zh: `一次训练用去 ${processor} 分钟处理器时间；机器负载为 ${load}，实际经过 ${wall} 分钟。`,
  };
}

/**
 * @param {any} result
 * @param {Experiment} experiment
 * @param {{ readonly language: Language, readonly summarize: Summarize }} options
 */
function describeComparison(result, { namesZh = {} }, { language, summarize }) {
  const rows = result.cells.map((/** @type {any} */ cell) => {
    const interval =
      cell.interval === undefined ? "–" : `${percent(cell.interval.low)} – ${percent(cell.interval.high)}`;
    const median = cell.median === undefined ? "–" : percent(cell.median);
    const diverged = { en: `, ${cell.diverged} diverged`, zh: `，${cell.diverged} 个发散` }[language];
    const name = language === "zh" ? (namesZh[cell.name] ?? cell.name) : cell.name;
    return `| ${cell.depth} | ${name} | ${median} | ${interval} | ${cell.count}${cell.diverged === 0 ? "" : diverged} |`;
  });
  const findings = summarize(result).map((sentence) => `- ${sentence[language]}`);
  return [texts.head[language], "| ---: | --- | ---: | --- | ---: |", ...rows, "", ...findings].join("\n");
}

/**
 * @param {{ readonly experiment: Experiment, readonly record: ResultRecord | undefined }} run
 * @param {{ readonly language: Language, readonly size: "full" | "short" | "tiny", readonly summarize: Summarize }} options
 */
function describeExperiment({ experiment, record }, options) {
  const { language, size } = options;
  const { title, published, note, folder } = experiment;
  const found =
    record === undefined
      ? texts.notRun[language]
      : record.runs !== undefined
        ? describeRuns(record.runs, experiment, language)
        : "runs" in record.result
          ? describeComparison(record.result, experiment, options)
          : describeTraining(record)[language];
  const source = { en: `Published: ${published.en}.`, zh: `文献数值：${published.zh}。` }[language];
  const name = experiment.command[experiment.command.indexOf("--data") + 1];
  // Shorter versions draw their images.
  const images =
    folder !== undefined && size === "full"
      ? { en: `\`${name}\`: ${folder.en}.`, zh: `\`${name}\`：${folder.zh}。` }[language]
      : undefined;
  return [
    `## ${title[language]}`,
    found,
    source,
    ...(images === undefined ? [] : [images]),
    note[language],
    describeRun(experiment, record, language),
  ];
}

/**
 * @param {Experiment} experiment
 * @param {ResultRecord | undefined} record
 * @param {Language} language
 */
function describeRun(experiment, record, language) {
  if (record === undefined) return `\`residua ${experiment.command.join(" ")}\``;
  const spent = record.runs?.reduce((sum, run) => sum + run.seconds, 0) ?? record.seconds;
  const time = `${duration(spent, language)}${record.resumed ? texts.resumed[language] : ""}`;
  const machine = language === "zh" ? record.machine.replace(/^(\d+) cores, /, "$1 核，") : record.machine;
  return `\`${record.command}\` — ${[time, machine, record.date].join(language === "zh" ? "，" : ", ")}`;
}

/**
 * The results page in one language.
 *
 * @param {Parameters<typeof describeExperiment>[0][]} all
 * @param {"full" | "short" | "tiny"} size
 * @param {{ readonly language: Language, readonly summarize: Summarize }} options words for what comparisons found
 */
export function describeResult(all, size, options) {
  const { language } = options;
  const top = [texts.twin, texts.title, texts[size], texts.repeat].map((words) => words[language]);
  return `${[...top, ...all.flatMap((run) => describeExperiment(run, { ...options, size }))].join("\n\n")}\n`;
}
