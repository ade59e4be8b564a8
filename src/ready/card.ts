import type { Bilingual, ReadyFigure, ReadyNetwork } from "./ready-network.ts";

/** A figure's value, such as "0.889": a share with at most four digits, a count whole. */
function figureText({ value, unit }: ReadyFigure): string {
  return unit === "share" ? String(Number(value.toFixed(4))) : String(value);
}

/** A figure in one line, such as "F1 at IoU 0.5 0.889 on 89 held-back images of DSB2018". */
export function describeFigure(figure: ReadyFigure, language: keyof Bilingual = "en"): string {
  const value = figureText(figure);
  if (language === "zh") return `${figure.measure.zh} ${value}（${figure.on.zh}）`;
  return `${figure.measure.en} ${value} on ${figure.on.en}`;
}

interface CardWords {
  readonly colon: string;
  readonly task: string;
  readonly trained: string;
  readonly licence: string;
  readonly figures: readonly [title: string, measure: string, value: string, on: string];
  readonly data: readonly [title: string, name: string, licence: string, source: string];
  readonly command: string;
  readonly limits: string;
  readonly files: readonly [title: string, file: string, bytes: string];
}

const words: Readonly<Record<keyof Bilingual, CardWords>> = {
  en: {
    colon: ": ",
    task: "Task",
    trained: "Trained on",
    licence: "Licence of the weights",
    figures: ["Figures", "measure", "value", "measured on"],
    data: ["Data", "name", "licence", "source"],
    command: "Made by",
    limits: "Limits",
    files: ["Files", "file", "bytes"],
  },
  zh: {
    colon: "：",
    task: "任务",
    trained: "训练日期",
    licence: "权重的许可证",
    figures: ["指标", "名称", "数值", "测量数据"],
    data: ["数据", "名称", "许可证", "来源"],
    command: "由以下命令得到",
    limits: "局限",
    files: ["文件", "文件", "字节数"],
  },
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => [
  `| ${head.join(" | ")} |`,
  `| ${head.map(() => "---").join(" | ")} |`,
  ...rows.map((row) => `| ${row.join(" | ")} |`),
  "",
];

function section(network: ReadyNetwork, language: keyof Bilingual): readonly string[] {
  const say = words[language];
  const [figures, ...figureHead] = say.figures;
  const [data, ...dataHead] = say.data;
  const [files, ...fileHead] = say.files;
  return [
    network.summary[language],
    "",
    `- ${say.task}${say.colon}\`${network.task}\``,
    `- ${say.trained}${say.colon}${network.date}`,
    `- ${say.licence}${say.colon}${network.licence}`,
    "",
    `## ${figures}`,
    "",
    ...table(
      figureHead,
      network.figures.map((figure) => [figure.measure[language], figureText(figure), figure.on[language]]),
    ),
    `## ${data}`,
    "",
    ...table(
      dataHead,
      network.data.map(({ name, licence, source }) => [name, licence, source]),
    ),
    `## ${say.command}`,
    "",
    "```",
    ...network.commands,
    "```",
    "",
    `## ${say.limits}`,
    "",
    network.limits[language],
    "",
    `## ${files}`,
    "",
    ...table(
      [...fileHead, "SHA-256"],
      Object.values(network.files).map(({ path, bytes, sha256 }) => [`\`${path}\``, String(bytes), `\`${sha256}\``]),
    ),
  ];
}

/** The card of a ready network as Markdown: what it does and is measured to do, from which data, in both languages. */
export function renderReadyCard(network: ReadyNetwork): string {
  return [`# ${network.name}`, "", ...section(network, "en"), "---", "", ...section(network, "zh")].join("\n");
}
