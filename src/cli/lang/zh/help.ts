import { type Command, Help, type Option } from "commander";
import stringWidth from "string-width";
import { createTranslate } from "../../../report/zh/templates.ts";
import { optionTexts, standardTexts } from "./options.ts";
import { exampleNotes, subcommandSummaries, summaries } from "./summaries.ts";

const titles: Readonly<Record<string, string>> = {
  "Usage:": "用法：",
  "Arguments:": "参数：",
  "Options:": "选项：",
  "Commands:": "命令：",
  "Training:": "训练：",
  "Fine-tuning:": "微调：",
  "Loss and steps:": "损失与训练步：",
  "Classification:": "分类：",
  "Segmentation:": "分割：",
  "Licence plates:": "车牌：",
};

const lookUp = createTranslate({ ...optionTexts, ...subcommandSummaries });
const lookUpStandard = createTranslate(standardTexts);
const lookUpNote = createTranslate(exampleNotes);

/** Values that read the same in both languages: names, numbers and lists of them. */
const isPlain = (text: string): boolean => /^[\w.,"/=+*:-]+$/.test(text);

/** A list of names, such as those of data sets. */
const isNames = (text: string): boolean => /^[\w-]+(?:, [\w-]+)+$/.test(text);

/** A description in Chinese, with its default; undefined if the table lacks it. */
export function describeInChinese(english: string): string | undefined {
  const found = lookUp(english);
  if (found !== undefined) return found;
  if (isNames(english)) return english;
  const [, text, standard] = /^(.*) \(default: (.*)\)$/su.exec(english) ?? [];
  if (text === undefined) return undefined;
  const [own, value] = [lookUp(text), lookUpStandard(standard) ?? (isPlain(standard) ? standard : undefined)];
  return own === undefined || value === undefined ? undefined : `${own}（默认：${value}）`;
}

/** A heading of the help in Chinese; undefined if the table lacks it. */
export function titleInChinese(english: string): string | undefined {
  return titles[english];
}

/** What a command does, in Chinese; undefined if the table lacks it. */
function summaryInChinese(command: Command): string | undefined {
  const name = command.name();
  const isTop = command.parent?.parent === null && Object.hasOwn(summaries, name);
  return isTop ? summaries[name] : lookUp(command.description());
}

/** What commander adds to a description: "(choices: …, default: …)". */
function describeValues(option: Option): string {
  const bare = Object.create(option, { description: { value: "" } }) as Option;
  return new Help()
    .optionDescription(bare)
    .replace(/^\((.*)\)$/su, "（$1）")
    .replace("choices: ", "可选：")
    .replace(/(^（|, )default: /u, (_, before: string) => `${before === "（" ? before : "；"}默认：`)
    .replace(/(^（|, )preset: /u, (_, before: string) => `${before === "（" ? before : "；"}单写选项时：`);
}

/** What stands together: opening marks with what they open, and closing marks with what they close. */
const pieces = /\s*[“（《]*(?:\p{sc=Han}|[^\s\p{sc=Han}“（《，。；：、！？）》”]+)?[，。；：、！？）》”…]*/gu;

/** Breaks lines by the width that characters take on a terminal: Chinese has no spaces to break at. Paragraphs stay. */
export function wrap(text: string, width: number): string {
  return text
    .split("\n\n")
    .map((paragraph) => wrapParagraph(paragraph, width))
    .join("\n\n");
}

function wrapParagraph(text: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const [piece] of text.matchAll(pieces)) {
    if (line === "" || stringWidth(line + piece) <= width) line += piece;
    else {
      lines.push(line);
      line = piece.trimStart();
    }
  }
  return [...lines, line].join("\n");
}

/** A paragraph after the help proper: examples with notes, or prose. */
function translateParagraph(paragraph: string): string {
  if (!/^Examples?:\n/.test(paragraph)) {
    const own = lookUp(paragraph.replaceAll("\n", " "));
    return own ?? paragraph;
  }
  return paragraph
    .replace(/^Examples?:/, "示例：")
    .replaceAll(
      /^( {2}\$ .*? {2,})(\S.*)$/gm,
      (_, command: string, note: string) => command + (lookUpNote(note) ?? note),
    );
}

/** What commands add after their help, in Chinese. */
export function translateAfterHelp(text: string): string {
  return text
    .split("\n\n")
    .map((part) => {
      const [, start, paragraph, end] = /^(\n*)(.*?)(\n*)$/su.exec(part)!;
      return start + translateParagraph(paragraph) + end;
    })
    .join("\n\n");
}

const aboutResidua = `用 TypeScript 研究残差网络：看清快捷连接类型的作用，训练、评估、预测。

残差块计算 y = act(F(x) + S(x))。快捷连接类型说明 S 是什么：原样的输入（恒等映射）、对输入的 1×1 卷积（投影），或者没有（plain）。图解见 README.zh-CN.md。`;

/** How commander's help is worded and laid out in Chinese. */
export const chineseHelp: Partial<Help> = {
  styleTitle: (title) => titles[title] ?? title,
  commandUsage: (command) =>
    new Help().commandUsage(command).replace("[options]", "[选项]").replace("[command]", "[命令]"),
  commandDescription: (command) =>
    command.parent === null ? aboutResidua : (summaryInChinese(command) ?? command.description()),
  subcommandDescription: (command) => summaryInChinese(command) ?? command.description(),
  argumentDescription: ({ description }) => describeInChinese(description) ?? description,
  optionDescription: (option) => (describeInChinese(option.description) ?? option.description) + describeValues(option),
  displayWidth: stringWidth,
  boxWrap: wrap,
};
