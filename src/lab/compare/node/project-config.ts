import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createJiti } from "jiti";
import * as v from "valibot";
import { errorMessage, OptionError } from "../../../tensor/errors.ts";
import { checkPlainData, countingNumber, wholeNumber } from "../../../files/schema.ts";
import { type Device, deviceForms, isDevice } from "../../../runtime/device.ts";
import { partialRecipeSchema } from "../../../train/recipe-check.ts";
import type { Recipe } from "../../../train/recipe.ts";
import type { EqualBudget } from "../comparison.ts";
import type { AxisValue } from "../plan.ts";
import type { VariantChoice } from "../plan-comparison.ts";

/** What `residua.config.ts` may say of comparisons; command-line options take precedence. */
export interface CompareConfig {
  readonly depth?: readonly number[];
  readonly shortcut?: readonly string[];
  readonly block?: readonly string[];
  readonly seeds?: number;
  readonly seed?: number;
  readonly data?: string;
  readonly limit?: number;
  readonly testLimit?: number;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly lr?: number;
  readonly equal?: EqualBudget;
  readonly budget?: string;
  /** Where to train, as `--device` says it. */
  readonly device?: Device;
  /** The accuracy at which a run ends, as a share of the test images. */
  readonly until?: number;
  /** Values of a network's options and of the recipe by name: `{ gateBias: [-6, 0], learningRate: [0.1, 0.05] }`. */
  readonly axes?: Readonly<Record<string, readonly AxisValue[]>>;
  /** Types with options of their own, besides those of `shortcut`; only these if `shortcut` is absent. */
  readonly variants?: readonly VariantChoice[];
  /** Fields that differ from the standard recipe's. */
  readonly recipe?: Partial<Omit<Recipe, "seed">>;
}

/** A project's settings, the default export of `residua.config.ts`. */
export interface ResiduaConfig {
  readonly compare?: CompareConfig;
}

/** Types a configuration: `export default defineConfig({ … })`. */
export function defineConfig(config: ResiduaConfig): ResiduaConfig {
  return config;
}

const names = ["residua.config.ts", "residua.config.mts", "residua.config.js", "residua.config.mjs"];

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const list = <T extends v.GenericSchema>(item: T): v.GenericSchema<unknown, readonly v.InferOutput<T>[]> =>
  v.pipe(v.array(item), v.minLength(1));
const anything = v.record(v.string(), v.unknown());
const axisValue = v.union([v.string(), v.number(), v.boolean()]);

const schema = v.strictObject({
  compare: v.optional(
    v.strictObject({
      depth: v.optional(list(countingNumber)),
      shortcut: v.optional(list(v.string())),
      block: v.optional(list(v.string())),
      seeds: v.optional(countingNumber),
      seed: v.optional(wholeNumber),
      data: v.optional(v.string()),
      limit: v.optional(countingNumber),
      testLimit: v.optional(countingNumber),
      epochs: v.optional(countingNumber),
      batchSize: v.optional(countingNumber),
      lr: v.optional(positive),
      equal: v.optional(v.picklist(["epochs", "multiply-adds"])),
      budget: v.optional(v.string()),
      device: v.optional(
        v.pipe(
          v.string(),
          v.check((text) => isDevice(text), `${deviceForms}, N counting from 0`),
        ),
      ),
      until: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1))),
      axes: v.optional(v.record(v.string(), list(axisValue))),
      variants: v.optional(
        list(
          v.strictObject({
            name: v.string(),
            shortcut: v.string(),
            options: v.optional(anything),
            recipe: v.optional(anything),
          }),
        ),
      ),
      recipe: v.optional(partialRecipeSchema),
    }),
  ),
});

/**
 * Reads a project's configuration, which is code of the project's own: TypeScript is stripped of its types and run.
 *
 * @param given the file, or undefined for the one that lies in the folder, if one does
 * @throws {OptionError} if it is not there, cannot be run, or holds what is not known
 */
export async function loadProjectConfig(folder: string, given: string | undefined): Promise<ResiduaConfig> {
  const path =
    given === undefined
      ? names.map((name) => join(folder, name)).find((name) => existsSync(name))
      : resolve(folder, given);
  if (path === undefined) return {};
  if (!existsSync(path)) throw new OptionError("config", `"${given}" is not there`);
  if (!statSync(path).isFile()) throw new OptionError(path, "is not a regular file");
  const config = await runConfig(path);
  checkPlainData(
    schema as v.GenericSchema,
    config,
    ({ path: place, detail }) => new OptionError(path, `${place || "its default export"} ${detail}`),
  );
  return config as ResiduaConfig;
}

async function runConfig(path: string): Promise<unknown> {
  const module = await importConfig(path);
  // Whoever exports nothing, or by another name, would be left with the standard options and not know it.
  if ("default" in module) return module["default"];
  throw new OptionError(path, "has no default export, must have one with the project's options");
}

async function importConfig(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    // Do not cache compiled code anywhere.
    const jiti = createJiti(pathToFileURL(path).href, { fsCache: false });
    return await jiti.import(path);
  } catch (cause) {
    // The loader's own lines about its caller mean nothing to the file's author.
    const [reason] = errorMessage(cause).split(/\nRequire stack:/);
    throw new OptionError(path, `could not be run: ${reason.replaceAll(/\s*\n\s*/g, " ")}`, { cause });
  }
}
