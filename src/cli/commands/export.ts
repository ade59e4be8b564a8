import { readFileBytes } from "../../files/node.ts";
import { type Command, InvalidArgumentError, Option } from "commander";
import { basename, extname } from "node:path";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import { opsetRange } from "../../onnx/opset/range.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { NetworkFile } from "../../networks/file.ts";
import { type ExportFormat, exportFormats } from "../../networks/export-formats.ts";
import { parseClassNames } from "../foreign-options.ts";
import { findFileArgument, openNetworkArgument } from "../network-argument.ts";
import { OutputFileOption, requireNoInput } from "../output-file.ts";
import { decimalNumber, onlyGiven, sharedOptions, wholeNumber } from "../options.ts";
import { print, printJson, say, sayMessage } from "../output.ts";

interface Options {
  readonly to?: ExportFormat;
  readonly out?: string;
  readonly weights?: string;
  readonly seed?: number;
  readonly model?: string;
  readonly shortcut?: ShortcutType;
  readonly channels?: number;
  readonly classes?: number;
  readonly size?: number;
  readonly opset?: number;
  readonly batchNorm?: "fold" | "keep";
  readonly externalData?: boolean;
  readonly data?: string;
  readonly classNames?: string;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly card: boolean;
  readonly json?: boolean;
}

const extensions: Readonly<Record<ExportFormat, string>> = {
  onnx: ".onnx",
  safetensors: ".safetensors",
  pytorch: ".pth",
};
const formatsByExtension: Readonly<Record<string, ExportFormat>> = {
  ".onnx": "onnx",
  ".safetensors": "safetensors",
  ".pth": "pytorch",
  ".pt": "pytorch",
};
/** Class names, one per line. */
const LONGEST_NAMES = 2 ** 22;

function chooseFormat({ to, out }: Options): ExportFormat {
  const implied = out === undefined ? undefined : formatsByExtension[extname(out).toLowerCase()];
  if (to !== undefined) return to;
  if (implied !== undefined) return implied;
  throw new OptionError("--to", `is needed: ${exportFormats.join(", ")}`);
}

const describing = "--data, --class-names, --mean, --std";

/** What the user specifies about a network's data when its file does not. */
async function describeData(
  network: NetworkFile,
  { data: name, classNames, mean, std }: Options,
): Promise<NetworkFile> {
  if (name === undefined && classNames === undefined && mean === undefined && std === undefined) return network;
  if (network.kind !== "network") {
    throw new OptionError(describing, "apply only to networks that Residua builds, not to a foreign graph");
  }
  const { parseNetworkCard } = await import("../../networks/card.ts");
  const { options } = network.model;
  const names =
    classNames === undefined
      ? (network.card?.classes ?? Array.from({ length: options.classes }, (_, index) => String(index)))
      : await readNames(classNames);
  const plain = (value: number): readonly number[] => Array.from({ length: options.channels }, () => value);
  const normalization = {
    mean: mean ?? network.card?.normalization.mean ?? plain(0),
    deviation: std ?? network.card?.normalization.deviation ?? plain(1),
  };
  const data = name ?? network.card?.data ?? "unknown data";
  const { model, imageShape } = network;
  const card = { ...network.card, model, imageShape, data, classes: names, normalization };
  return { ...network, card: parseNetworkCard(card, describing) };
}

/** A network of convolutions takes images of any size; the exported file says which. */
function resizeImages(network: NetworkFile, size: number): NetworkFile {
  if (network.kind !== "network")
    throw new OptionError("--size", "applies only to networks that Residua builds, not to a graph");
  const [channels, ...extents] = network.imageShape;
  const { card, ...rest } = network;
  const resized = { ...rest, imageShape: [channels, ...extents.map(() => size)] };
  return card === undefined ? resized : { ...resized, card: { ...card, imageShape: [channels, size, size] } };
}

async function readNames(path: string): Promise<readonly string[]> {
  const text = new TextDecoder().decode(await readFileBytes(path, LONGEST_NAMES));
  const names = parseClassNames(text, path);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  // As lists of ImageNet's do.
  if (twice !== undefined) sayMessage(`${path}: names "${twice}" twice; answers will not tell them apart`);
  return names;
}

/** @throws {OptionError} if an option does not apply to the format */
function requireFitting(format: ExportFormat, { opset, batchNorm, externalData }: Options): void {
  if (format === "onnx") return;
  const given = { "--opset": opset, "--batch-norm": batchNorm, "--external-data": externalData };
  const [wrong] = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (wrong !== undefined) throw new OptionError(wrong, `applies only to ONNX, not to ${format}`);
}

async function runExport(argument: string, options: Options): Promise<void> {
  const format = chooseFormat(options);
  requireFitting(format, options);
  const { weights, seed, model, shortcut, channels, classes, batchNorm, opset, externalData } = options;
  const file = await findFileArgument(argument);
  const isFile = file !== undefined;
  const out = options.out ?? `${isFile ? basename(argument, extname(argument)) : argument}${extensions[format]}`;
  // Its standard name is none that was typed.
  const inputs = [file ?? argument, weights, options.classNames].filter((path) => path !== undefined);
  await requireNoInput([out, `${out}.md`], "--out", inputs);
  const opened = await openNetworkArgument(argument, onlyGiven({ weights, seed, model, shortcut, channels, classes }));
  const network = await describeData(options.size === undefined ? opened : resizeImages(opened, options.size), options);
  const { exportNetwork } = await import("../../networks/node/export.ts");
  const report = await exportNetwork(network, out, {
    format,
    source: argument,
    modelCard: options.card,
    ...onlyGiven({ opset, externalData, foldBatchNorm: batchNorm && batchNorm === "fold" }),
  });
  if (weights === undefined && !isFile) {
    say({
      en: `The network is untrained: its weights are drawn with seed ${seed ?? 0}. To load weights, use --weights.`,
      zh: `网络未经训练：权重由种子 ${seed ?? 0} 随机生成。用 --weights 载入权重。`,
    });
  }
  if (options.json) return printJson({ network: argument, format, ...report });
  const [files, opsetNote] = [report.files.join(", "), report.opset === undefined ? "" : ` (opset ${report.opset})`];
  print({ en: `Wrote ${files}${opsetNote}.`, zh: `已写入 ${files}${opsetNote}。` });
  if (report.difference !== undefined) {
    const within = report.difference.toExponential(1);
    print({
      en: `ONNX Runtime reproduces the network's scores within ${within} of the largest.`,
      zh: `ONNX Runtime 复现了网络的得分，误差不超过最大得分的 ${within}。`,
    });
  }
}

function opsetNumber(text: string): number {
  const value = wholeNumber(1)(text);
  const { first, last } = opsetRange;
  if (value < first || value > last) throw new InvalidArgumentError(`must be ${first} to ${last}, got ${value}`);
  return value;
}

/** `residua export MODEL|FILE`: a network as ONNX, safetensors or a PyTorch state dict. */
export function registerExport(program: Command): void {
  program
    .command("export")
    .argument("<model|file>", "a file of any format that holds a network, a ready network, or a name such as resnet18")
    .addOption(new Option("--to <format>", "what to write (default: by the name of --out)").choices(exportFormats))
    .addOption(new OutputFileOption("--out <file>", "the file to write (default: the network's name, here)", [".md"]))
    .option("--model <name>", "the network whose weights the file holds, if the file does not say")
    .addOption(sharedOptions.shortcut())
    .option("--channels <n>", "channels of the images", wholeNumber(1))
    .option("--classes <n>", "number of classes", wholeNumber(1))
    .option("--size <n>", "height and width of the images (default: the network's)", wholeNumber(1))
    .option("--weights <file>", "weights of a network given by name")
    .option("--seed <n>", "seed for the weights of a network given by name (default: 0)", wholeNumber(0))
    .option(
      "--opset <n>",
      `version of ONNX's operators, ${opsetRange.first} to ${opsetRange.last} (default: 18)`,
      opsetNumber,
    )
    .addOption(
      new Option("--batch-norm <form>", "fold it into the convolutions, or keep it (default: fold)").choices([
        "fold",
        "keep",
      ]),
    )
    .option("--external-data", "keep the weights in a file beside the model (default: above 2 GB)")
    .option("--data <name>", "what it was trained on, in place of what its file says, such as a folder's path")
    .option("--class-names <file>", "class names, one per line")
    .option("--mean <list>", "mean per channel, for pixels from 0 to 1", listOfAll(decimalNumber(-1000, 1000)))
    .option("--std <list>", "standard deviation per channel", listOfAll(decimalNumber(Number.MIN_VALUE, 1000)))
    .option("--no-card", "do not write a model card")
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
Examples:
  $ residua export residua-train/best.safetensors --to onnx --opset 13
  $ residua export residua-train/best.safetensors --to pytorch --out resnet20.pth
  $ residua export resnet18-5c106cde.pth --model resnet18 --to onnx --batch-norm keep
  $ residua export model.onnx --to onnx --opset 17 --external-data --out other.onnx`,
    )
    .action(runExport);
}

/** A list in which values may repeat. */
function listOfAll(item: (text: string) => number): (text: string) => readonly number[] {
  return (text) => text.split(",").map((part) => item(part.trim()));
}
