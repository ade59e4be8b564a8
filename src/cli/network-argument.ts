import { stat } from "node:fs/promises";
import type { ModelOptions } from "../nn/model-options.ts";
import type { createModel } from "../nn/models.ts";
import { OptionError } from "../tensor/errors.ts";
import type { NetworkFile, WeightedNetwork } from "../networks/file.ts";

/** Options that specify the network, besides the argument itself. */
export interface NetworkChoice extends ModelOptions {
  /** The network whose weights a file holds. */
  readonly model?: string;
  /** The weights of a network given by name. */
  readonly weights?: string;
  /** Seed for the weights of a network given by name. */
  readonly seed?: number;
}

/**
 * The path of the file that an argument means: a ready network's, which is checked; one that exists, or is written as a path.
 * Undefined if it names a kind of network.
 */
export async function findFileArgument(argument: string): Promise<string | undefined> {
  const { findReadyNetwork, onlyFileOf } = await import("../ready/node/find.ts");
  const ready = await findReadyNetwork(argument);
  if (ready !== undefined) return onlyFileOf(ready, "model").path;
  const found = await stat(argument).then(
    (about) => about.isFile(),
    () => false,
  );
  const isWrittenAsPath = /[/\\]|\.(onnx|pth|pt|th|bin|ckpt|safetensors|h5|keras|index\.json)$/i.test(argument);
  return found || isWrittenAsPath ? argument : undefined;
}

const ARGUMENT = "<model|file>";

/** A network given by name, with weights from a file or drawn from a seed. */
async function createNamedNetwork(name: string, options: ModelOptions, seed: number): Promise<WeightedNetwork> {
  const { initializeState } = await import("../nn/initialization.ts");
  const { module, imageShape, options: full } = await createNetwork(name, options);
  return { kind: "network", model: { name, options: full }, module, imageShape, state: initializeState(module, seed) };
}

/** The network of a name. @throws {OptionError} that says so if the argument is neither a file nor a name */
export async function createNetwork(name: string, options: ModelOptions): Promise<ReturnType<typeof createModel>> {
  const models = await import("../nn/models.ts");
  try {
    return models.createModel(name, options);
  } catch (cause) {
    if (!(cause instanceof OptionError) || cause.where !== "model") throw cause;
    throw new OptionError(ARGUMENT, `there is no file "${name}", and ${cause.detail}`);
  }
}

/**
 * Opens what the argument names: a file of any format, or a network.
 * @throws {OptionError} if options contradict each other, or the argument is neither
 */
export async function openNetworkArgument(argument: string, choice: NetworkChoice): Promise<NetworkFile> {
  const { openNetworkFile } = await import("../networks/node/file.ts");
  const { model, weights, seed, ...options } = choice;
  const path = await findFileArgument(argument);
  if (path !== undefined) {
    if (weights !== undefined || seed !== undefined) {
      throw new OptionError(weights === undefined ? "--seed" : "--weights", "a file has its own weights; leave it out");
    }
    if (model !== undefined) return openNetworkFile(path, { model: { name: model, options } });
    const { shortcut, ...others } = options;
    if (Object.keys(others).length > 0) requireModelName(others);
    return openNetworkFile(path, shortcut === undefined ? {} : { shortcut });
  }
  if (model !== undefined) throw new OptionError("--model", "applies only to a file; leave it out");
  if (weights === undefined) return createNamedNetwork(argument, options, seed ?? 0);
  if (seed !== undefined) throw new OptionError("--seed", "weights come from a file; leave it out");
  await createNetwork(argument, options);
  return openNetworkFile(weights, { model: { name: argument, options } }).catch(nameArgument);
}

/** The library's `model` is the argument here, where `--model` was not typed. */
function nameArgument(cause: unknown): never {
  if (!(cause instanceof OptionError) || cause.where !== "model") throw cause;
  throw new OptionError(ARGUMENT, cause.detail);
}

/** Whether an option of networks has a flag; the others are typed with `--option`. */
const isOwnFlag = (name: string): boolean => name === "channels" || name === "classes";

function requireModelName(options: ModelOptions): never {
  const given = Object.keys(options).map((name) => (isOwnFlag(name) ? `--${name}` : "--option"));
  throw new OptionError([...new Set(given)].join(", "), "needs --model: without it, the file defines its network");
}
