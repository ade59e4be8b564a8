import pc from "picocolors";
import { describeGraph, type GraphDescription, type GraphRow, nameShortcut } from "../onnx/analysis/describe-graph.ts";
import type { Graph } from "../onnx/graph.ts";
import { describableGraph, type DescribableGraph } from "../networks/describe.ts";
import type { NetworkFile } from "../networks/file.ts";
import { buildPathTree, type PathNode } from "../tree/build.ts";
import { drawTrees } from "../tree/draw.ts";
import { writeDrawing } from "./drawing-file.ts";
import {
  type Column,
  counted,
  formatBytes,
  formatCount,
  formatLarge,
  formatTable,
  print,
  printJson,
  say,
  printLines,
} from "./output.ts";
import { joinWords, phrase, type Words } from "../report/words.ts";
import { nameShown } from "./lang/kinds.ts";
import { heads } from "./lang/heads.ts";
import { spoken, spokenMessage } from "./lang/language.ts";
import { describePartCost } from "./part-cost.ts";

/** How to show a network from a file. */
export interface DescribeFileOptions {
  readonly size?: number;
  readonly tree?: boolean;
  readonly svg?: string;
  readonly json?: boolean;
}

const formatShape = (shape: readonly (number | string)[] | undefined): string => shape?.join("×") ?? "?";

const columns: readonly Column<GraphRow>[] = [
  {
    title: { en: "part", zh: "部分" },
    value: ({ path, depth }) => `${"  ".repeat(depth - 1)}${path.split(".").at(-1)!}`,
  },
  { title: heads.kind, value: ({ kind }) => kind },
  { title: heads.in, value: ({ inputShape }) => formatShape(inputShape) },
  { title: heads.out, value: ({ outputShape }) => formatShape(outputShape) },
  { title: heads.shortcut, value: ({ shortcut }) => (shortcut === undefined ? "" : nameShown(shortcut)) },
  {
    title: { en: "sees", zh: "感受野" },
    value: ({ receptiveField }) => receptiveField?.join("×") ?? "",
    align: "right",
  },
  { title: heads.parameters, value: ({ parameters }) => formatCount(parameters), align: "right" },
  {
    title: heads.multiplyAdds,
    value: ({ multiplyAdds }) => (multiplyAdds === undefined ? "?" : formatLarge(multiplyAdds)),
    align: "right",
  },
];

/** Receptive field and memory, one line each. */
export function printGraphFacts({ receptiveField, activations }: GraphDescription): void {
  if (receptiveField !== undefined)
    print({
      en: `A position in the last feature map sees ${receptiveField.join("×")} input pixels.`,
      zh: `最后特征图上的一个位置看到 ${receptiveField.join("×")} 个输入像素（感受野）。`,
    });
  if (activations !== undefined) {
    const [peak, sum] = [formatBytes(activations.peak), formatBytes(activations.sum)];
    print({
      en: `Activations of one image take ${peak} at peak during inference, ${sum} if all are kept.`,
      zh: `一幅图像的激活值在推理时峰值为 ${peak}，全部保留时为 ${sum}。`,
    });
  }
}

function summarize({ shortcuts }: GraphDescription): Words {
  const kinds = shortcuts.map(nameShortcut);
  if (kinds.length === 0) return { en: "The graph has no shortcuts.", zh: "计算图中没有快捷连接。" };
  const parts = [...new Set(kinds)].map((kind) =>
    phrase(`${kinds.filter((other) => other === kind).length} × `, nameShown(kind)),
  );
  return phrase({ en: "Shortcuts in the graph: ", zh: "计算图中的快捷连接：" }, joinWords(parts), {
    en: ".",
    zh: "。",
  });
}

/** Parts worth a row: those at the top, residual blocks, and what the blocks lie in. */
function selectRows(rows: GraphDescription["rows"]): GraphDescription["rows"] {
  const blocks = rows.filter(({ shortcut }) => shortcut !== undefined);
  return rows.filter((row) => row.depth <= 1 || blocks.some(({ path }) => `${path}.`.startsWith(`${row.path}.`)));
}

function printRows(title: Words, found: GraphDescription, tree: boolean): void {
  print(pc.bold(spoken(title)));
  print();
  const rows = tree ? found.rows : selectRows(found.rows);
  printLines(formatTable(columns, rows));
  print();
  print(summarize(found));
  const { layers, nodes, multiplyAdds } = found;
  const [parameters, work] = [formatCount(found.parameters), formatLarge(multiplyAdds ?? 0)];
  const cost =
    multiplyAdds === undefined ? { en: "", zh: "" } : { en: `, ${work} multiply-adds`, zh: `，乘加 ${work} 次` };
  print({
    en: `${counted(layers, "layer")} in ${counted(nodes, "node")}, ${counted(found.parameters, "parameter")}${cost.en}.`,
    zh: `${nodes} 个节点，${layers} 层，${parameters} 个参数${cost.zh}。`,
  });
  printGraphFacts(found);
}

/** Draws a graph's architecture. */
export async function writeArchitecture(graph: Graph, title: string, path: string): Promise<void> {
  const { drawArchitecture } = await import("../lab/network/architecture.ts");
  await writeDrawing(path, drawArchitecture(graph, title));
  say({ en: `Drawing: ${path}`, zh: `图：${path}` });
}

type PartNode = PathNode<GraphRow>;

function partCost({ item }: PartNode): string {
  return item === undefined
    ? ""
    : describePartCost([formatShape(item.inputShape), formatShape(item.outputShape)], item);
}

/** Draws the tree of a graph's parts. */
async function writeParts(rows: readonly GraphRow[], title: string, path: string): Promise<void> {
  const tree = buildPathTree(rows.map((row) => [row.path, row] as const));
  const label = ({ name, item }: PartNode): string => `${name} ${item?.kind ?? ""}`.trim();
  await writeDrawing(path, drawTrees([tree], { label, hint: partCost, title }));
  say({ en: `Drawing: ${path}`, zh: `图：${path}` });
}

/** Prints a prepared graph. */
export function describePrepared({ graph, learned }: DescribableGraph): GraphDescription {
  return describeGraph(graph, learned === undefined ? {} : { learned });
}

function titleOf(file: string, network: NetworkFile): Words {
  const about = network.kind === "network" ? network : network.card;
  if (about === undefined) return file;
  const { name, options } = about.model;
  return {
    en: `${file}: ${name}, shortcut ${options.shortcut}`,
    zh: `${file}：${name}，快捷连接 ${options.shortcut}`,
  };
}

/** Shows a network from a file by its graph, whatever program wrote it. */
export async function describeFile(file: string, network: NetworkFile, options: DescribeFileOptions): Promise<void> {
  const prepared = describableGraph(network, options.size === undefined ? {} : { size: options.size });
  const found = describePrepared(prepared);
  const title = titleOf(file, network);
  if (prepared.limits !== undefined)
    say({
      en: `Sizes and costs are unknown: ${prepared.limits}`,
      zh: `尺寸和开销未知：${spokenMessage(prepared.limits)}`,
    });
  const { svg, tree = false } = options;
  if (svg !== undefined && tree) await writeParts(found.rows, spoken(title), svg);
  else if (svg !== undefined) await writeArchitecture(prepared.graph, spoken(title), svg);
  if (!options.json) return printRows(title, found, tree);
  const about = network.kind === "network" ? network : network.card;
  const { rows, ...rest } = found;
  printJson({
    file,
    ...(about && { model: about.model.name, shortcut: about.model.options.shortcut }),
    ...rest,
    rows,
    ...(prepared.limits === undefined ? {} : { limits: prepared.limits }),
  });
}
