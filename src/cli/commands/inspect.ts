import type { Command } from "commander";
import pc from "picocolors";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import type { InspectionReport } from "../../networks/inspect.ts";
import { ExitCode } from "../exit-code.ts";
import { sharedOptions } from "../options.ts";
import { entryOf, type WeightsOptions, weightsOptions } from "../weights-options.ts";
import { formatCount, print, printJson } from "../output.ts";
import { phrase, type Words } from "../../report/words.ts";
import { spokenMessage } from "../lang/language.ts";

interface Options extends Omit<WeightsOptions, "partial"> {
  readonly shortcut?: ShortcutType;
  readonly json?: boolean;
}

/** Why a report is not certain, one reason per line. */
async function reasonsOf({ difference, candidates }: InspectionReport): Promise<readonly Exclude<Words, string>[]> {
  const [{ shortcutWords }, { describeDifference }] = await Promise.all([
    import("../../weights/recognise/inspection.ts"),
    import("../../weights/recognise/state-dict-difference.ts"),
  ]);
  const keys = describeDifference(difference);
  const types = candidates.map(shortcutWords);
  return [
    ...(keys === "" ? [] : [{ en: `names that do not fit: ${keys}`, zh: `不相符的名称：${spokenMessage(keys)}` }]),
    ...(types.length > 1
      ? [
          {
            en: `${types.join(" and ")} have the same weights; choose one with --shortcut`,
            zh: `${types.join(" 与 ")} 的权重相同；请用 --shortcut 选定一种`,
          },
        ]
      : []),
  ];
}

/** What stands before the lines of a report, equally wide on a terminal. */
const labels = {
  file: { en: "  file    ", zh: "  文件    " },
  entries: { en: "  entries ", zh: "  条目    " },
  copies: { en: "  copies  ", zh: "  副本    " },
  holds: { en: "  holds   ", zh: "  内容    " },
  blocks: { en: "  blocks  ", zh: "  块      " },
  left: { en: "  left    ", zh: "  其余    " },
  model: { en: "  model   ", zh: "  网络    " },
} as const;

function printReport(report: InspectionReport, reasons: readonly Words[]): void {
  const { origin, block, stages, model, left, entries, copies } = report;
  print(pc.bold(spokenMessage(report.summary)));
  const path = origin.entry.join(" → ");
  const kept: Words = path === "" ? "" : { en: `, under ${path}`, zh: `，位于 ${path}` };
  const whose = left.length > 0 ? { en: "its names", zh: "其名称" } : { en: "every name", zh: "每个名称" };
  const prefix: Words =
    origin.prefix === ""
      ? ""
      : { en: `, "${origin.prefix}" before ${whose.en}`, zh: `，${whose.zh}之前有 "${origin.prefix}"` };
  print(phrase(labels.file, origin.format, kept, prefix));
  if (entries.length > 1)
    print(phrase(labels.entries, entries.join(", "), { en: "; another with --entry", zh: "；用 --entry 选别的" }));
  if (copies.length > 0) {
    const names = copies.map((name) => `"${name}"`).join(", ");
    print(phrase(labels.copies, names, { en: "; taken with --prefix", zh: "；用 --prefix 取用" }));
  }
  const [count, dtypes] = [formatCount(report.parameters), report.dtypes.join(", ")];
  print(
    phrase(labels.holds, {
      en: `${report.tensors} tensors, ${count} parameters, ${dtypes}`,
      zh: `${report.tensors} 个张量，${count} 个参数，${dtypes}`,
    }),
  );
  if (block !== null) {
    const counts = stages.map(({ count: blocks }) => blocks).join("-");
    const channels = stages.map((stage) => stage.channels).join("-");
    print(
      phrase(labels.blocks, {
        en: `${block}, ${counts}, channels ${channels}`,
        zh: `${block}，${counts}，通道数 ${channels}`,
      }),
    );
  }
  if (left.length > 0)
    print(
      phrase(labels.left, {
        en: `${left.length} names of other parts: ${left[0]} …`,
        zh: `${left.length} 个属于其他部分的名称：${left[0]} …`,
      }),
    );
  if (model !== null) print(phrase(labels.model, `${model.name} ${JSON.stringify(model.options)}`));
  else print(phrase(labels.model, { en: "Residua has no network of this kind", zh: "Residua 没有这种网络" }));
  if (report.sure) return;
  print({ en: "Not sure:", zh: "不能确定：" });
  for (const reason of reasons) print(phrase("  ", reason));
}

async function inspect(file: string, options: Options): Promise<void> {
  const { shortcut, layout, json } = options;
  const { readWeightsFile } = await import("../../weights/node.ts");
  const { reportWeights } = await import("../../networks/inspect.ts");
  const weights = await readWeightsFile(file, entryOf(options));
  const report = reportWeights(weights, file, {
    ...(shortcut === undefined ? {} : { shortcut }),
    ...(layout === undefined ? {} : { layout }),
  });
  const reasons = await reasonsOf(report);
  if (json) printJson({ ...report, reasons: reasons.map(({ en }) => en) });
  else printReport(report, reasons);
  if (!report.sure) process.exitCode = ExitCode.failure;
}

/** `residua inspect FILE`: identifies the network and the shortcut type of a weights file. */
export function registerInspect(program: Command): void {
  program
    .command("inspect")
    .argument("<file>", "PyTorch .pth, .pt; safetensors or its .index.json; Keras .h5; ONNX")
    .addOption(sharedOptions.shortcut())
    .addOption(weightsOptions.layout())
    .addOption(weightsOptions.entry())
    .addOption(weightsOptions.prefix())
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
Examples:
  $ residua inspect resnet18.pth
  $ residua inspect resnet_18_23dataset.pth --shortcut A     refuses the weights of another type, and names the keys
  $ residua inspect model.safetensors.index.json --json`,
    )
    .action(inspect);
}
