import stringWidth from "string-width";
import { describeFigure } from "../../ready/card.ts";
import { requireReady } from "../../ready/names.ts";
import { checkNetwork } from "../../ready/node/find.ts";
import { type OpenedIndex, openReadyIndex } from "../../ready/node/index-file.ts";
import { type ReadyNetwork, sizeOfReady } from "../../ready/ready-network.ts";
import type { Words } from "../../report/words.ts";
import { OptionError } from "../../tensor/errors.ts";
import { heads } from "../lang/heads.ts";
import { spoken } from "../lang/language.ts";
import { type Column, formatBytes, formatCount, formatTable, print, printJson, printLines } from "../output.ts";

const figureOf = ({ figures: [main] }: ReadyNetwork): Words =>
  main === undefined ? "" : { en: describeFigure(main), zh: describeFigure(main, "zh") };

const columns: readonly Column<ReadyNetwork>[] = [
  { title: heads.name, value: ({ name }) => name },
  { title: { en: "task", zh: "任务" }, value: ({ task }) => task },
  { title: { en: "figure", zh: "指标" }, value: figureOf },
  { title: { en: "size", zh: "大小" }, value: (network) => formatBytes(sizeOfReady(network)), align: "right" },
  { title: { en: "licence", zh: "许可证" }, value: ({ licence }) => licence },
];

/** Who vouches for the files, in one sentence. */
function describeTrust({ signer }: OpenedIndex): Words {
  if (signer === null)
    return {
      en: "Each file is checked against its SHA-256 when it is opened. The list itself is not signed.",
      zh: "每个文件打开时都按其 SHA-256 检查。列表本身没有签名。",
    };
  const key = `${signer.slice(0, 16)}…`;
  return {
    en: `Each file is checked against its SHA-256 when it is opened, the list by the signature of key ${key}.`,
    zh: `每个文件打开时都按其 SHA-256 检查，列表按密钥 ${key} 的签名检查。`,
  };
}

/** `residua models list --ready [TEXT]`. @throws {OptionError} if no name, task or summary has the text */
export async function listReady(text: string | undefined, json: boolean): Promise<void> {
  const opened = await openReadyIndex();
  const wanted = (text ?? "").toLowerCase();
  const networks = opened.index.networks.filter(({ name, task, summary }) =>
    `${name} ${task} ${summary.en} ${summary.zh}`.toLowerCase().includes(wanted),
  );
  if (networks.length === 0)
    throw new OptionError("models list", `no ready network has "${text}" in its name, task or summary`);
  if (json) return printJson({ networks, signer: opened.signer, folder: opened.folder });
  printLines(formatTable(columns, networks));
  print();
  print(describeTrust(opened));
}

/** `residua models show NAME`: reads and checks its files, too. @throws {OptionError} if there is no such network */
export async function showReady(name: string, json: boolean): Promise<void> {
  const opened = await openReadyIndex();
  const network = await requireReady(opened.index, name, "<name>");
  const { files } = await checkNetwork(opened, network);
  const paths = Object.fromEntries(Object.entries(files).map(([part, { path }]) => [part, path]));
  if (json) return printJson({ ...network, paths, signer: opened.signer });
  print({ en: `${name}: ${network.summary.en}`, zh: `${name}：${network.summary.zh}` });
  print();
  const rows: readonly (readonly [title: Words, value: Words])[] = [
    [{ en: "task", zh: "任务" }, network.task],
    ...network.figures.map((figure): readonly [Words, Words] => [
      { en: "figure", zh: "指标" },
      { en: describeFigure(figure), zh: describeFigure(figure, "zh") },
    ]),
    ...network.data.map(({ name: data, licence, source }): readonly [Words, Words] => [
      { en: "data", zh: "数据" },
      `${data}, ${licence}; ${source}`,
    ]),
    [{ en: "licence", zh: "许可证" }, network.licence],
    [{ en: "trained", zh: "训练日期" }, network.date],
    ...network.commands.map((command): readonly [Words, Words] => [{ en: "made by", zh: "生成命令" }, command]),
    [{ en: "limits", zh: "局限" }, network.limits],
    ...Object.entries(network.files).map(([part, { bytes, sha256 }]): readonly [Words, Words] => [
      part === "network" ? heads.file : part,
      {
        en: `${paths[part]}, ${formatCount(bytes)} bytes, SHA-256 ${sha256}`,
        zh: `${paths[part]}，${formatCount(bytes)} 字节，SHA-256 ${sha256}`,
      },
    ]),
  ];
  const titles = rows.map(([title]) => spoken(title));
  const width = Math.max(...titles.map((title) => stringWidth(title)));
  for (const [index, [, value]] of rows.entries())
    print(`${titles[index]}${" ".repeat(width - stringWidth(titles[index]))}  ${spoken(value)}`);
  print();
  print(describeTrust(opened));
}
