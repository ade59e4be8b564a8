import { writeFileAtomically } from "../files/node.ts";
import { extname } from "node:path";
import pc from "picocolors";
import { describeGraph, type GraphDescription, type GraphRow, nameShortcut } from "../onnx/analysis/describe-graph.ts";
import type { Graph } from "../onnx/graph.ts";
import { describableGraph, type DescribableGraph } from "../networks/describe.ts";
import type { NetworkFile } from "../networks/file.ts";
import { type Column, formatCount, formatLarge, formatTable, print, printJson, say, printLines } from "./output.ts";

/** How to show a network from a file. */
export interface DescribeFileOptions {
  readonly size?: number;
  readonly tree?: boolean;
  readonly svg?: string;
  readonly json?: boolean;
}

const formatShape = (shape: readonly (number | string)[] | undefined): string => shape?.join("×") ?? "?";
const formatBytes = (bytes: number): string => `${formatLarge(bytes)}B`;

const columns: readonly Column<GraphRow>[] = [
  { title: "part", value: ({ path, depth }) => `${"  ".repeat(depth - 1)}${path.split(".").at(-1)!}` },
  { title: "kind", value: ({ kind }) => kind },
  { title: "in", value: ({ inputShape }) => formatShape(inputShape) },
  { title: "out", value: ({ outputShape }) => formatShape(outputShape) },
  { title: "shortcut", value: ({ shortcut }) => shortcut ?? "" },
  { title: "sees", value: ({ receptiveField }) => receptiveField?.join("×") ?? "", align: "right" },
  { title: "parameters", value: ({ parameters }) => formatCount(parameters), align: "right" },
  {
    title: "multiply-adds",
    value: ({ multiplyAdds }) => (multiplyAdds === undefined ? "?" : formatLarge(multiplyAdds)),
    align: "right",
  },
];

/** Receptive field and memory, one line each. */
export function printGraphFacts({ receptiveField, activations }: GraphDescription): void {
  if (receptiveField !== undefined)
    print(`A position in the last feature map sees ${receptiveField.join("×")} input pixels.`);
  if (activations !== undefined) {
    print(
      `Activations of one image take ${formatBytes(activations.peak)} at peak during inference, ${formatBytes(activations.sum)} if all are kept.`,
    );
  }
}

function summarize({ shortcuts }: GraphDescription): string {
  const kinds = shortcuts.map(nameShortcut);
  if (kinds.length === 0) return "The graph has no shortcuts.";
  const parts = [...new Set(kinds)].map((kind) => `${kinds.filter((other) => other === kind).length} × ${kind}`);
  return `Shortcuts in the graph: ${parts.join(", ")}.`;
}

function printRows(title: string, found: GraphDescription, tree: boolean): void {
  print(pc.bold(title));
  print();
  const rows = tree ? found.rows : found.rows.filter(({ depth, shortcut }) => depth <= 1 || shortcut !== undefined);
  printLines(formatTable(columns, rows));
  print();
  print(summarize(found));
  const cost = found.multiplyAdds === undefined ? "" : `, ${formatLarge(found.multiplyAdds)} multiply-adds`;
  print(`${found.layers} layers in ${found.nodes} nodes, ${formatCount(found.parameters)} parameters${cost}.`);
  printGraphFacts(found);
}

async function toPng(svg: string): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  return sharp(Buffer.from(svg), { density: 108 }).png().toBuffer();
}

/** Draws a graph's architecture as SVG, or as PNG if the file's name says so. */
export async function writeArchitecture(graph: Graph, title: string, path: string): Promise<void> {
  const { drawArchitecture } = await import("../lab/network/architecture.ts");
  const drawing = drawArchitecture(graph, title);
  const isPng = extname(path).toLowerCase() === ".png";
  await writeFileAtomically(path, isPng ? await toPng(drawing) : drawing);
  say(`Drawing: ${path}`);
}

/** Prints a prepared graph. */
export function describePrepared({ graph, learned }: DescribableGraph): GraphDescription {
  return describeGraph(graph, learned === undefined ? {} : { learned });
}

function titleOf(file: string, network: NetworkFile): string {
  const about = network.kind === "network" ? network : network.card;
  return about === undefined ? file : `${file}: ${about.model.name}, shortcut ${about.model.options.shortcut}`;
}

/** Shows a network from a file by its graph, whatever program wrote it. */
export async function describeFile(file: string, network: NetworkFile, options: DescribeFileOptions): Promise<void> {
  const prepared = describableGraph(network, options.size === undefined ? {} : { size: options.size });
  const found = describePrepared(prepared);
  const title = titleOf(file, network);
  if (prepared.limits !== undefined) say(`Sizes and costs are unknown: ${prepared.limits}`);
  if (options.svg !== undefined) await writeArchitecture(prepared.graph, title, options.svg);
  if (!options.json) return printRows(title, found, options.tree ?? false);
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
