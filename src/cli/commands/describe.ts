import { type Command, Option } from "commander";
import pc from "picocolors";
import { OptionError } from "../../tensor/errors.ts";
import { createNetwork, findFileArgument, openNetworkArgument } from "../network-argument.ts";
import type { Description, ModuleRow } from "../../nn/describe.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import type { NamedModel } from "../../nn/models.ts";
import { shortcutExplanations, type ShortcutType } from "../../nn/shortcuts/type.ts";
import { buildPathTree, type PathNode } from "../../tree/build.ts";
import { drawTrees } from "../../tree/draw.ts";
import { printTree } from "../../tree/print.ts";
import type { Tree } from "../../tree/tree.ts";
import { drawingOption, writeDrawing } from "../drawing-file.ts";
import { sharedOptions, wholeNumber } from "../options.ts";
import {
  type Column,
  counted,
  formatCount,
  formatLarge,
  formatTable,
  print,
  printJson,
  say,
  printLines,
  toLine,
} from "../output.ts";
import { spoken } from "../lang/language.ts";
import { joinWords, phrase, type Words } from "../../report/words.ts";
import { explainShortcut } from "../../lab/shortcut-words.ts";
import { nameShown } from "../lang/kinds.ts";
import { describePartCost } from "../part-cost.ts";
import { heads } from "../lang/heads.ts";

interface Options {
  readonly shortcut?: ShortcutType;
  readonly option?: ModelOptions;
  readonly channels?: number;
  readonly classes?: number;
  readonly size?: number;
  readonly tree?: boolean;
  readonly svg?: string;
  readonly model?: string;
  readonly passes?: boolean;
  readonly json?: boolean;
}

const formatImage = (shape: readonly number[]): string => shape.join("×");

const columns: readonly Column<ModuleRow>[] = [
  {
    title: { en: "module", zh: "模块" },
    value: (row) =>
      row.path === ""
        ? { en: "(network)", zh: "（网络）" }
        : `${"  ".repeat(Math.max(0, row.depth - 1))}${row.path.split(".").at(-1)!}`,
  },
  { title: heads.kind, value: (row) => row.kind },
  { title: heads.in, value: (row) => formatImage(row.inputShape) },
  { title: heads.out, value: (row) => formatImage(row.outputShape) },
  { title: heads.shortcut, value: (row) => nameShown(row.shortcut ?? "") },
  { title: heads.parameters, value: (row) => formatCount(row.parameters), align: "right" },
  { title: heads.multiplyAdds, value: (row) => formatLarge(row.multiplyAdds), align: "right" },
];

/** Modules worth a row: the network's own children, its residual blocks, and what the blocks lie in. */
function selectRows(modules: readonly ModuleRow[]): readonly ModuleRow[] {
  const blocks = modules.filter((row) => row.shortcut !== undefined);
  return modules.filter((row) => row.depth <= 1 || blocks.some(({ path }) => `${path}.`.startsWith(`${row.path}.`)));
}

/** The network's own options, as typed on a command line. */
function settingsText({ shortcut: _s, channels: _c, classes: _k, ...rest }: NamedModel["options"]): string {
  const written = Object.entries(rest).map(([name, value]) => `${name}=${String(value)}`);
  return written.length === 0 ? "" : `, ${written.join(", ")}`;
}

function printDescription(model: NamedModel, description: Description): void {
  const { options } = model;
  const [name, type, image] = [pc.bold(model.name), pc.bold(options.shortcut), formatImage(model.imageShape)];
  const settings = settingsText(options);
  print({
    en: `${name}, shortcut ${type}, images ${image}, ${counted(options.classes, "class", "classes")}${settings}`,
    zh: `${name}，快捷连接 ${type}，图像 ${image}，${options.classes} 个类别${settings.replace(/^, /, "，")}`,
  });
  print();
  printLines(formatTable(columns, selectRows(description.modules)));
  print();
  const kinds = [...new Set(description.blocks.map((row) => row.shortcut))];
  const summary = joinWords(
    kinds.map((kind) =>
      phrase(`${description.blocks.filter((row) => row.shortcut === kind).length} × `, nameShown(kind ?? "")),
    ),
  );
  const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
  const blocks = description.blocks.length;
  print(phrase({ en: `${counted(blocks, "block")}: `, zh: `${blocks} 个块：` }, summary, { en: ".", zh: "。" }));
  const { shortcuts, parameters, multiplyAdds } = description;
  const [own, all] = [formatCount(shortcuts.parameters), formatCount(parameters)];
  const [ownWork, allWork] = [formatLarge(shortcuts.multiplyAdds), formatLarge(multiplyAdds)];
  const [part, work] = [share(shortcuts.parameters, parameters), share(shortcuts.multiplyAdds, multiplyAdds)];
  print({
    en: `The shortcuts take ${own} of ${all} parameters (${part}) and ${ownWork} of ${allWork} multiply-adds (${work}).`,
    zh: `快捷连接占 ${all} 个参数中的 ${own} 个（${part}），占 ${allWork} 次乘加中的 ${ownWork} 次（${work}）。`,
  });
  print();
  print(explainShortcut(options.shortcut));
}

type ModuleNode = PathNode<ModuleRow>;

function nodeLabel({ name, item }: ModuleNode): string {
  return item === undefined ? name : `${name} ${item.kind}`.trimStart();
}

function nodeCost({ item }: ModuleNode): string {
  return item === undefined
    ? ""
    : describePartCost([formatImage(item.inputShape), formatImage(item.outputShape)], item);
}

function treeOf({ modules }: Description): Tree<ModuleNode> {
  return buildPathTree(modules.map((row) => [row.path, row] as const));
}

function titleOf({ name, options }: NamedModel): Words {
  return { en: `${name}, shortcut ${options.shortcut}`, zh: `${name}，快捷连接 ${options.shortcut}` };
}

async function drawDescription(model: NamedModel, description: Description, path: string): Promise<void> {
  const title = spoken(titleOf(model));
  await writeDrawing(path, drawTrees([treeOf(description)], { label: nodeLabel, hint: nodeCost, title }));
  say({ en: `Drawing: ${path}`, zh: `图：${path}` });
}

async function showPasses(model: NamedModel, asJson: boolean): Promise<void> {
  const { describePasses, passColumns } = await import("../describe-passes.ts");
  const passes = await describePasses(model);
  if (asJson) printJson({ model: model.name, passes });
  else printLines(formatTable(passColumns, passes));
}

async function describe(name: string, given: Options): Promise<void> {
  const { describeFile, describePrepared, printGraphFacts, writeArchitecture } = await import("../describe-file.ts");
  const { size, json, tree, svg, model: fileModel, passes, option, ...options } = given;
  if ((await findFileArgument(name)) !== undefined) {
    if (passes)
      throw new OptionError("--passes", "needs a network given by name: no training step is built for a file");
    const choice = { ...option, ...options, ...(fileModel === undefined ? {} : { model: fileModel }) };
    return describeFile(name, await openNetworkArgument(name, choice), given);
  }
  if (fileModel !== undefined) throw new OptionError("--model", "applies only to a file; leave it out");
  const [{ describeModule }, { describableModule }] = await Promise.all([
    import("../../nn/describe.ts"),
    import("../../networks/describe.ts"),
  ]);
  const made = await createNetwork(name, { ...option, ...options });
  const [channels, ...extents] = made.imageShape;
  const model: NamedModel = { ...made, imageShape: [channels, ...extents.map((extent) => size ?? extent)] };
  if (passes) return showPasses(model, json ?? false);
  const description = describeModule(model.module, model.imageShape);
  const prepared = describableModule(model.module, model.imageShape);
  const found = describePrepared(prepared);
  if (svg !== undefined && tree) await drawDescription(model, description, svg);
  else if (svg !== undefined) await writeArchitecture(prepared.graph, spoken(titleOf(model)), svg);
  if (tree && !json)
    return printLines(
      printTree(treeOf(description), (node) => toLine(`${nodeLabel(node)}  ${pc.dim(nodeCost(node))}`)),
    );
  if (!json) {
    printDescription(model, description);
    print();
    return printGraphFacts(found);
  }
  printJson({
    model: model.name,
    shortcut: model.options.shortcut,
    options: model.options,
    imageShape: model.imageShape,
    classes: model.options.classes,
    parameters: description.parameters,
    multiplyAdds: description.multiplyAdds,
    shortcuts: description.shortcuts,
    blocks: description.blocks,
    modules: description.modules,
    receptiveField: found.receptiveField,
    activations: found.activations,
    graphShortcuts: found.shortcuts,
    explanation: shortcutExplanations[model.options.shortcut],
  });
}

/** `residua describe MODEL`: the tree, and what every block's shortcut resolves to. */
export function registerDescribe(program: Command): void {
  program
    .command("describe")
    .argument(
      "<model|file>",
      "a name such as resnet20 or densenet121 (residua models list shows all), any file that holds a network, or a ready network",
    )
    .option("--model <name>", "the network whose weights the file holds, if the file does not say")
    .addOption(sharedOptions.shortcut())
    .addOption(sharedOptions.option())
    .option("--channels <n>", "channels of the images", wholeNumber(1))
    .option("--classes <n>", "number of classes", wholeNumber(1))
    .option("--size <n>", "height and width of the images", wholeNumber(1))
    .option("--tree", "print all modules as a tree")
    .addOption(
      new Option(
        "--passes",
        "list the passes that write its training step for this machine, with the nodes before and after",
      ).conflicts(["tree", "svg"]),
    )
    .addOption(drawingOption("draw the architecture with its shortcuts (.png too); with --tree, the tree of modules"))
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
Examples:
  $ residua describe resnet34 --shortcut B     projections only where the shape changes
  $ residua describe resnet20 --shortcut A     shortcuts without any parameters
  $ residua describe resnet50d --option outputStride=16 --option attention=se
  $ residua describe resnet20 --tree --svg resnet20.svg
  $ residua describe resnet50 --svg resnet50.svg
  $ residua describe model.onnx                the shortcuts found in the graph itself
  $ residua describe resnet50 --json`,
    )
    .action(describe);
}
