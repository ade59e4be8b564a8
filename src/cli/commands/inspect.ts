import type { Command } from "commander";
import pc from "picocolors";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import { type InspectionReport, reportWeights } from "../../networks/inspect.ts";
import { shortcutWords } from "../../weights/recognise/inspection.ts";
import { readWeightsFile } from "../../weights/node.ts";
import { describeDifference } from "../../weights/recognise/state-dict-difference.ts";
import { ExitCode } from "../exit-code.ts";
import { sharedOptions } from "../options.ts";
import { entryOf, type WeightsOptions, weightsOptions } from "../weights-options.ts";
import { formatCount, print, printJson } from "../output.ts";

interface Options extends Omit<WeightsOptions, "partial"> {
  readonly shortcut?: ShortcutType;
  readonly json?: boolean;
}

/** Why a report is not certain, one reason per line. */
function reasonsOf({ difference, candidates }: InspectionReport): readonly string[] {
  const keys = describeDifference(difference);
  const types = candidates.map(shortcutWords).join(" and ");
  return [
    ...(keys === "" ? [] : [`names that do not fit: ${keys}`]),
    ...(candidates.length > 1 ? [`${types} have the same weights; choose one with --shortcut`] : []),
  ];
}

function printReport(report: InspectionReport): void {
  const { origin, block, stages, model, left, entries, copies } = report;
  print(pc.bold(report.summary));
  const kept = origin.entry.length === 0 ? "" : `, under ${origin.entry.join(" → ")}`;
  const prefix =
    origin.prefix === "" ? "" : `, "${origin.prefix}" before ${left.length > 0 ? "its names" : "every name"}`;
  print(`  file    ${origin.format}${kept}${prefix}`);
  if (entries.length > 1) print(`  entries ${entries.join(", ")}; another with --entry`);
  if (copies.length > 0) print(`  copies  ${copies.map((name) => `"${name}"`).join(", ")}; taken with --prefix`);
  const count = `${report.tensors} tensors, ${formatCount(report.parameters)} parameters`;
  print(`  holds   ${count}, ${report.dtypes.join(", ")}`);
  if (block !== null) {
    const counts = stages.map(({ count: blocks }) => blocks).join("-");
    print(`  blocks  ${block}, ${counts}, channels ${stages.map(({ channels }) => channels).join("-")}`);
  }
  if (report.left.length > 0) print(`  left    ${report.left.length} names of other parts: ${report.left[0]} …`);
  if (model !== null) print(`  model   ${model.name} ${JSON.stringify(model.options)}`);
  else print("  model   Residua has no network of this kind");
  if (report.sure) return;
  print("Not sure:");
  for (const reason of reasonsOf(report)) print(`  ${reason}`);
}

async function inspect(file: string, options: Options): Promise<void> {
  const { shortcut, layout, json } = options;
  const weights = await readWeightsFile(file, entryOf(options));
  const report = reportWeights(weights, file, {
    ...(shortcut === undefined ? {} : { shortcut }),
    ...(layout === undefined ? {} : { layout }),
  });
  if (json) printJson({ ...report, reasons: reasonsOf(report) });
  else printReport(report);
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
