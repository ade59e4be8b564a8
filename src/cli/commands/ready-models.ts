import { describeFigure } from "../../ready/card.ts";
import { requireReady } from "../../ready/names.ts";
import { checkNetwork } from "../../ready/node/find.ts";
import { type OpenedIndex, openReadyIndex } from "../../ready/node/index-file.ts";
import { type ReadyNetwork, sizeOfReady } from "../../ready/ready-network.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type Column, formatCount, formatLarge, formatTable, print, printJson, printLines } from "../output.ts";

const columns: readonly Column<ReadyNetwork>[] = [
  { title: "name", value: ({ name }) => name },
  { title: "task", value: ({ task }) => task },
  { title: "figure", value: ({ figures: [main] }) => (main === undefined ? "" : describeFigure(main)) },
  { title: "size", value: (network) => `${formatLarge(sizeOfReady(network))}B`, align: "right" },
  { title: "licence", value: ({ licence }) => licence },
];

/** Who vouches for the files, in one sentence. */
function describeTrust({ signer }: OpenedIndex): string {
  if (signer === null)
    return "Each file is checked against its SHA-256 when it is opened. The list itself is not signed.";
  return `Each file is checked against its SHA-256 when it is opened, the list by the signature of key ${signer.slice(0, 16)}….`;
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
  const network = requireReady(opened.index, name, "<name>");
  const { files } = await checkNetwork(opened, network);
  const paths = Object.fromEntries(Object.entries(files).map(([part, { path }]) => [part, path]));
  if (json) return printJson({ ...network, paths, signer: opened.signer });
  print(`${name}: ${network.summary.en}`);
  print();
  const rows = [
    ["task", network.task],
    ...network.figures.map((figure, index) => [index === 0 ? "figures" : "", describeFigure(figure)]),
    ...network.data.map(({ name: data, licence, source }) => ["data", `${data}, ${licence}; ${source}`]),
    ["licence", network.licence],
    ["trained", network.date],
    ...network.commands.map((command, index) => [index === 0 ? "made by" : "", command]),
    ["limits", network.limits.en],
    ...Object.entries(network.files).flatMap(([part, { bytes, sha256 }]) => [
      [part === "network" ? "file" : part, `${paths[part]}, ${formatCount(bytes)} bytes`],
      ["", `SHA-256 ${sha256}, as the list says`],
    ]),
  ];
  for (const [title, value] of rows) print(`${title.padEnd(9)}${value}`);
  print();
  print(describeTrust(opened));
}
