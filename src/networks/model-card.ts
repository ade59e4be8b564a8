import type { GraphDescription } from "../onnx/analysis/index.ts";
import { nameShortcut } from "../onnx/analysis/index.ts";
import type { Value } from "../onnx/graph.ts";
import type { NetworkCard } from "./card.ts";
import type { NetworkFile } from "./file.ts";

/** The subject of a model card. */
export interface ModelCardFacts {
  /** The file that it stands beside. */
  readonly file: string;
  readonly format: "onnx" | "safetensors" | "pytorch";
  /** Of an ONNX file. */
  readonly opset?: number;
  /** A second file that holds the weights. */
  readonly dataFile?: string;
  readonly description: GraphDescription;
}

/** More are in the file's metadata. */
const SHOWN_CLASSES = 100;

const count = (value: number): string => value.toLocaleString("en-US");
const shape = (extents: readonly (number | string)[]): string => extents.join("×");
/** Names come from folders and files: nothing in them may become markup. */
const escapeMarkdown = (text: string): string => text.replaceAll(/[\\`*_{}[\]<>#|~&]/g, "\\$&").replaceAll(/\s+/g, " ");

function summarizeShortcuts({ shortcuts }: GraphDescription): string {
  const kinds = shortcuts.map(nameShortcut);
  const unique = [...new Set(kinds)];
  if (unique.length === 0) return "none";
  return unique.map((kind) => `${kinds.filter((other) => other === kind).length} × ${kind}`).join(", ");
}

function networkRows(
  network: NetworkFile,
  { description, opset, dataFile, format }: ModelCardFacts,
): readonly string[] {
  const about = network.kind === "network" ? network : network.card;
  const { receptiveField, activations, multiplyAdds } = description;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["network", about && escapeMarkdown(about.model.name)],
    ["shortcut type", about && about.model.options.shortcut],
    ["shortcuts in the graph", summarizeShortcuts(description)],
    ["parameters", count(description.parameters)],
    ["multiply-adds, one image", multiplyAdds === undefined ? undefined : count(multiplyAdds)],
    ["receptive field", receptiveField && `${shape(receptiveField)} pixels`],
    [
      "activations, one image",
      activations && `${count(activations.peak)} bytes at once, ${count(activations.sum)} in all`,
    ],
    ["trained on", network.card && escapeMarkdown(network.card.data)],
    ["format", `${format}${opset === undefined ? "" : `, opset ${opset}`}`],
    ["weights in", dataFile && `\`${dataFile}\`, which must stay beside it`],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [`| ${name} | ${value} |`]));
}

/** Inputs and outputs; a network built by Residua takes any batch. */
function signature(network: NetworkFile, description: GraphDescription): string {
  const values = (list: readonly Value[]): string =>
    list
      .map(({ name, dtype, shape: extents, opaque }) => {
        const type =
          opaque ?? `${dtype} [${(network.kind === "network" ? ["N", ...extents.slice(1)] : extents).join(", ")}]`;
        return `\`${name.replaceAll("`", "'")}\` ${escapeMarkdown(type)}`;
      })
      .join(", ");
  const { inputs, outputs } = network.kind === "network" ? description : network.onnx.graph;
  return `Takes ${values(inputs)}, gives ${values(outputs)}.`;
}

function inputLines(network: NetworkFile, { description }: ModelCardFacts): readonly string[] {
  const { card } = network;
  const lines = [signature(network, description), ""];
  if (card === undefined) {
    return [...lines, "How images are to be prepared is not known; the data it was trained on decide.", ""];
  }
  const [channels, height, width] = card.imageShape;
  const numbers = (values: readonly number[]): string => values.map((value) => Number(value.toPrecision(7))).join(", ");
  return [
    ...lines,
    `1. Scale the image to ${width} wide and ${height} high, whatever its proportions; ${channels === 1 ? "gray" : channels === 3 ? "colours in the order red, green, blue" : `${channels} channels`}.`,
    "2. Divide by 255, so that pixels lie between 0 and 1.",
    `3. Subtract the mean (${numbers(card.normalization.mean)}) and divide by the deviation (${numbers(card.normalization.deviation)}), channel by channel.`,
    "",
  ];
}

function classLines(card: NetworkCard | undefined): readonly string[] {
  if (card === undefined) return [];
  const { classes } = card;
  const shown = classes.slice(0, SHOWN_CLASSES).map((name, index) => `${index}. ${escapeMarkdown(name)}`);
  const rest = classes.length - shown.length;
  return [
    "## Classes",
    "",
    "In the order of the scores; softmax makes probabilities of these.",
    "",
    ...shown,
    ...(rest > 0 ? [`\n… and ${rest} more, in the file's metadata.`] : []),
    "",
  ];
}

function usageLines(network: NetworkFile, { format, file, description }: ModelCardFacts): readonly string[] {
  const fence = (language: string, lines: readonly string[]): readonly string[] => [
    `\`\`\`${language}`,
    ...lines,
    "```",
    "",
  ];
  if (format === "onnx") {
    return fence("python", [
      "import onnxruntime",
      `session = onnxruntime.InferenceSession(${JSON.stringify(file)})`,
      `scores, = session.run(None, {${JSON.stringify(description.inputs[0]?.name ?? "images")}: images})`,
    ]);
  }
  const about = network.kind === "network" ? network.model : undefined;
  const load =
    format === "pytorch"
      ? `torch.load(${JSON.stringify(file)})`
      : `safetensors.torch.load_file(${JSON.stringify(file)})`;
  const maker =
    about === undefined ? "model" : `torchvision.models.${about.name}(num_classes=${about.options.classes})`;
  const isTorchvision =
    about !== undefined && /^resnet(18|34|50|101|152)$/.test(about.name) && about.options.shortcut === "project";
  return fence("python", [
    format === "pytorch" ? "import torch" : "import safetensors.torch",
    ...(isTorchvision
      ? ["import torchvision", `model = ${maker}`]
      : ["# model: a module whose state dict has these names"]),
    `model.load_state_dict(${load}, strict=True)`,
    "model.eval()",
  ]);
}

/** A model card in Markdown: the network, its preprocessing, the meaning of its scores, and how to load it. */
export function renderModelCard(network: NetworkFile, facts: ModelCardFacts): string {
  const { card } = network;
  return [
    `# ${escapeMarkdown(facts.file)}`,
    "",
    "| | |",
    "|---|---|",
    ...networkRows(network, facts),
    "",
    "## Input",
    "",
    ...inputLines(network, facts),
    ...classLines(card),
    "## Use",
    "",
    ...usageLines(network, facts),
  ].join("\n");
}
