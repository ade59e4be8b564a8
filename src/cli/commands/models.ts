import type { Command } from "commander";
import pc from "picocolors";
import { countCosts } from "../../nn/describe.ts";
import { createModel, findModelPlan, modelFamilies } from "../../nn/models.ts";
import {
  describeOptionRule,
  type ModelOptionName,
  modelOptionNames,
  modelOptionTable,
} from "../../nn/model-options.ts";
import { OptionError } from "../../tensor/errors.ts";
import { modelOptionMeanings } from "../lang/zh/model-options.ts";
import { sharedOptions } from "../options.ts";
import { type Column, formatCount, formatLarge, formatTable, print, printJson, printLines } from "../output.ts";
import { createProgress } from "../progress.ts";
import { spokenMessage } from "../lang/language.ts";
import { heads } from "../lang/heads.ts";

/** Shorter waits show no progress. */
const QUIET_SECONDS = 2;

interface Listed {
  readonly name: string;
  readonly family: string;
  readonly source: string;
  readonly shortcut: string;
  readonly imageShape: readonly number[];
  readonly classes: number;
  readonly parameters: number;
  readonly multiplyAdds: number;
}

const columns: readonly Column<Listed>[] = [
  { title: { en: "model", zh: "网络" }, value: ({ name }) => name },
  { title: heads.shortcut, value: ({ shortcut }) => shortcut },
  { title: heads.in, value: ({ imageShape }) => imageShape.join("×") },
  { title: heads.classes, value: ({ classes }) => String(classes), align: "right" },
  { title: heads.parameters, value: ({ parameters }) => formatCount(parameters), align: "right" },
  { title: heads.multiplyAdds, value: ({ multiplyAdds }) => formatLarge(multiplyAdds), align: "right" },
];

/** Networks whose name, family or paper contains this text, ignoring case. */
function findNames(
  text: string,
): readonly { readonly name: string; readonly family: (typeof modelFamilies)[number] }[] {
  const wanted = text.toLowerCase();
  return modelFamilies.flatMap((family) =>
    family.names
      .filter((name) => `${name} ${family.title} ${family.source}`.toLowerCase().includes(wanted))
      .map((name) => ({ name, family })),
  );
}

interface ListOptions {
  readonly ready?: boolean;
  readonly json?: boolean;
}

async function list(text: string | undefined, { ready, json = false }: ListOptions): Promise<void> {
  if (ready) return (await import("./ready-models.ts")).listReady(text, json);
  const found = findNames(text ?? "");
  if (found.length === 0) throw new OptionError("models list", `no model has "${text}" in its name, family or source`);
  const progress = createProgress();
  const start = performance.now();
  const rows = found.map(({ name, family }, index): Listed => {
    const elapsed = (performance.now() - start) / 1000;
    if (elapsed > QUIET_SECONDS) progress.update(`${index + 1}/${found.length} ${name}`, index / found.length);
    const { module, options, imageShape } = createModel(name);
    const { shortcut, classes } = options;
    const costs = countCosts(module, imageShape);
    return { name, family: family.title, source: family.source, shortcut, imageShape, classes, ...costs };
  });
  progress.finish();
  if (json)
    return printJson({
      models: rows,
      families: modelFamilies.map(({ title, source, forms }) => ({ title, source, forms })),
    });
  for (const family of modelFamilies) {
    const own = rows.filter((row) => row.family === family.title);
    if (own.length === 0) continue;
    print(`${pc.bold(family.title)} (${family.source})`);
    print({ en: `Names: ${family.forms}`, zh: `名称：${family.forms}` });
    printLines(formatTable(columns, own));
    print();
  }
}

interface ListedOption {
  readonly name: ModelOptionName;
  readonly values: string;
  readonly meaning: string;
}

const optionColumns: readonly Column<ListedOption>[] = [
  { title: { en: "option", zh: "选项" }, value: ({ name }) => name },
  { title: { en: "values", zh: "取值" }, value: ({ values }) => spokenMessage(values) },
  {
    title: { en: "meaning", zh: "含义" },
    value: ({ name, meaning }) => ({ en: meaning, zh: modelOptionMeanings[name] }),
  },
];

function listOptions(model: string | undefined, { json }: { readonly json?: boolean }): void {
  const accepted = model === undefined ? modelOptionNames : findModelPlan(model).plan.accepts;
  const rows = accepted.map((name): ListedOption => {
    const rule = modelOptionTable[name];
    return { name, values: describeOptionRule(rule), meaning: rule.meaning };
  });
  if (json) printJson({ options: rows });
  else printLines(formatTable(optionColumns, rows));
}

/** `residua models`: lists the networks and their options, and the trained ones that are ready to use. */
export function registerModels(program: Command): void {
  const models = program.command("models");
  models
    .command("list")
    .description("list networks with their parameters and multiply-adds per image")
    .argument("[text]", "show only networks with this text in their name, family or source")
    .option("--ready", "list the trained networks that the package brings along, with their figures and licences")
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      "\nExamples:\n  $ residua models list\n  $ residua models list wide\n  $ residua models list --ready\n  $ residua models list --json",
    )
    .action(list);
  models
    .command("show")
    .description("show the card of a ready network: its figures, data, licences, how it was made, its files")
    .argument("<name>", "such as digits; residua models list --ready shows all")
    .addOption(sharedOptions.json())
    .addHelpText("after", "\nExample:\n  $ residua models show cells")
    .action(async (name: string, { json = false }: ListOptions) =>
      (await import("./ready-models.ts")).showReady(name, json),
    );
  models
    .command("options")
    .description("list what --option accepts: all options, or those of one network")
    .argument("[model]", "a network's name")
    .addOption(sharedOptions.json())
    .addHelpText("after", "\nExamples:\n  $ residua models options\n  $ residua models options densenet121")
    .action(listOptions);
}
