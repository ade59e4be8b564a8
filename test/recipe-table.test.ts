import { typedOptions } from "../src/cli/options.ts";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { describe, expect, onTestFinished, test } from "vitest";
import { readAxis } from "../src/cli/comparison-grid.ts";
import { requireOptionsOf } from "../src/cli/commands/train-resume.ts";
import { addRecipeFlags, type OptionValues, typedRecipe } from "../src/cli/recipe-flags.ts";
import { loadAllTaskFlags } from "../src/cli/task-flags.ts";
import { loadProjectConfig } from "../src/lab/compare/node/project-config.ts";
import { planComparison } from "../src/lab/compare/plan-comparison.ts";
import { OptionError } from "../src/tensor/errors.ts";
import { encodeCheckpointChunks } from "../src/train/checkpoint.ts";
import { completeRecipe } from "../src/train/recipe-check.ts";
import {
  type RecipeField,
  recipeFields,
  recipeOptions,
  recipeValue,
  withRecipeValue,
} from "../src/train/recipe-options.ts";
import { defaultRecipe, type RateGroup, type Recipe } from "../src/train/recipe.ts";
import { exampleNotes } from "./support/training.ts";

interface Trial {
  readonly field: RecipeField;
  readonly value: unknown;
}

/** Every value that the table tries, for the rows that `holds` takes. */
function trialsOf(holds: (field: RecipeField) => boolean): readonly (readonly [string, Trial])[] {
  return recipeFields
    .filter(holds)
    .flatMap((field) =>
      recipeOptions[field].trial.values.map(
        (value) => [`${field} = ${JSON.stringify(value)}`, { field, value }] as const,
      ),
    );
}

const isTyped = (field: RecipeField): boolean => recipeOptions[field].flag !== undefined;
const flagOf = (field: RecipeField): string => recipeOptions[field].flag!.usage.split(" ")[0];

/** A whole recipe with the value, and what it needs beside it. */
function recipeWith({ field, value }: Trial): Recipe {
  return withRecipeValue({ ...defaultRecipe, ...recipeOptions[field].trial.beside }, field, value);
}

/** A value as it is typed: each of these is one flag's argument; undefined for a flag that has none. */
function typedAs(value: unknown): readonly (string | undefined)[] {
  if (value === true) return [undefined];
  if (!Array.isArray(value)) return [String(value)];
  const rates = value.filter((item): item is RateGroup => typeof item === "object");
  if (rates.length > 0) return rates.map(({ pattern, factor }) => `${pattern}=${factor}`);
  return [value.join(",")];
}

function argumentsOf({ field, value }: Trial): readonly string[] {
  return typedAs(value).flatMap((text) => (text === undefined ? [flagOf(field)] : [flagOf(field), text]));
}

/** The options of a command that has every flag of the table, as commander reads them. */
function parse(args: readonly string[]): OptionValues {
  const command = addRecipeFlags(new Command(), recipeFields.filter(isTyped)).exitOverride();
  command.configureOutput({ outputError: () => undefined }).parse([...args], { from: "user" });
  return typedOptions(command);
}

describe("a row's flag sets its field and no other:", () => {
  test.each(trialsOf(isTyped))("%s", (_, trial) => {
    expect([...typedRecipe(parse(argumentsOf(trial)))]).toEqual([[trial.field, trial.value]]);
  });

  test.each(recipeFields.filter((field) => recipeOptions[field].flag?.implied !== undefined))("%s, alone", (field) => {
    const { implied } = recipeOptions[field].flag!;
    expect([...typedRecipe(parse([flagOf(field)]))]).toEqual([[field, implied]]);
  });

  test.each(recipeFields.filter((field) => isTyped(field) && recipeOptions[field].trial.values.includes(true)))(
    "%s, switched off where a preset has it on",
    (field) => {
      const [on, off] = [flagOf(field), flagOf(field).replace("--", "--no-")];
      expect([...typedRecipe(parse([off]))]).toEqual([[field, false]]);
      expect([...typedRecipe(parse([on, off]))]).toEqual([[field, false]]);
      expect([...typedRecipe(parse([]))]).toEqual([]);
    },
  );

  test.each(recipeFields.filter((field) => recipeOptions[field].flag?.repeats === true))(
    "%s, given twice, joins its values",
    (field) => {
      const [value] = recipeOptions[field].trial.values as readonly (readonly unknown[])[];
      const args = argumentsOf({ field, value });
      expect([...typedRecipe(parse([...args, ...args]))]).toEqual([[field, [...value, ...value]]]);
    },
  );

  test.each(recipeFields.filter((field) => isTyped(field) && /[<[]/.test(recipeOptions[field].flag!.usage)))(
    "%s refuses what it does not take",
    (field) => {
      expect(() => parse([flagOf(field), ""])).toThrow(/must be|Allowed choices are/);
    },
  );

  test.each(
    recipeFields.flatMap((field) => (recipeOptions[field].flag?.conflicts ?? []).map((o) => [field, o] as const)),
  )("%s excludes %s", (field, other) => {
    const args = [field, other].flatMap((each) =>
      argumentsOf({ field: each, value: recipeOptions[each].trial.values[0] }),
    );
    expect(() => parse(args)).toThrow(/cannot be used with/);
  });
});

describe("a row that may be an axis is varied by a grid:", () => {
  test.each(trialsOf((field) => recipeOptions[field].isAxis))("%s", (_, trial) => {
    const { field, value } = trial;
    const { beside = {} } = recipeOptions[field].trial;
    const axes = readAxis(`${field}=${String(value)}`)!;
    const { runs, recipe } = planComparison({ depths: [8], shortcuts: ["pad"], axes, recipe: beside });
    expect(runs.map((run) => recipeValue({ ...recipe, ...run.recipe }, field))).toEqual([value]);
    expect(runs[0].variant).toBe(`pad, ${field}=${String(value)}`);
  });

  test.each(trialsOf((field) => !recipeOptions[field].isAxis))("%s is none, and refused by its name", (_, trial) => {
    const plan = (): unknown => planComparison({ depths: [8], axes: { [trial.field]: [String(trial.value)] } });
    expect(plan).toThrow(new RegExp(`^axes: knows no "${trial.field}"`));
  });
});

describe("a configuration file gives back what it says:", () => {
  test.each(trialsOf(() => true))("%s", async (_, trial) => {
    const folder = await mkdtemp(join(tmpdir(), "residua-recipe-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const part = withRecipeValue(recipeOptions[trial.field].trial.beside ?? {}, trial.field, trial.value);
    const text = `export default { compare: { recipe: ${JSON.stringify(part)} } };`;
    await writeFile(join(folder, "residua.config.mjs"), text);
    const { compare } = await loadProjectConfig(folder, undefined);
    expect(compare?.recipe).toEqual(part);
    expect(recipeValue(completeRecipe(compare!.recipe!), trial.field)).toEqual(trial.value);
  });
});

test.each([
  ["nothing", ""],
  ["by another name", "export const compare = {};"],
])("a configuration file that exports %s is refused", async (_, text) => {
  const folder = await mkdtemp(join(tmpdir(), "residua-recipe-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "residua.config.mjs"), text);
  await expect(loadProjectConfig(folder, undefined)).rejects.toThrow(
    `${join(folder, "residua.config.mjs")}: has no default export`,
  );
});

/** A folder with the checkpoint of a training by this recipe. */
async function writeTraining(recipe: Recipe): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "residua-recipe-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const chunks = encodeCheckpointChunks({ notes: { ...exampleNotes, recipe }, state: new Map() });
  await writeFile(join(folder, "last.safetensors"), Buffer.concat(chunks));
  return folder;
}

describe("a training that goes on keeps to its recipe:", () => {
  test.each(trialsOf(isTyped))("%s", async (_, trial) => {
    const [given, flags] = [parse(argumentsOf(trial)), await loadAllTaskFlags()];
    const resume = async (recipe: Recipe): Promise<unknown> =>
      requireOptionsOf(await writeTraining(recipe), given, { flags });
    await expect(resume(recipeWith(trial))).resolves.toBe("classify");
    const refused = await resume(defaultRecipe).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OptionError);
    expect(refused).toMatchObject({ where: flagOf(trial.field) });
  });
});
