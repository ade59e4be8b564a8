import { Option } from "commander";
import type { ShortcutType } from "../nn/shortcuts/type.ts";
import type { TrainedNetwork } from "../networks/open.ts";
import { foreignChoiceOf, type ForeignOptions } from "./foreign-options.ts";
import { onlyGiven } from "./options.ts";
import { openOptionsOf, type WeightsOptions } from "./weights-options.ts";

/** Options of commands that load a trained network. */
export interface ModelFileOptions extends WeightsOptions, ForeignOptions {
  readonly shortcut?: ShortcutType;
  readonly threads?: number;
  readonly trustedKey?: string;
}

/** Requires a valid signature before a network is loaded. */
export function trustedKeyOption(): Option {
  return new Option(
    "--trusted-key <file>",
    "load the model only if the signature beside it was made with this key's private half",
  );
}

/** Opens a trained network; with a trusted key, loads exactly the bytes whose signature was verified. */
export async function openModelFile(path: string, options: ModelFileOptions): Promise<TrainedNetwork> {
  const { openTrainedBytes, openTrainedNetwork } = await import("../networks/node/open.ts");
  const { threads, trustedKey } = options;
  const session = threads === undefined ? {} : { threads };
  const foreign = await foreignChoiceOf(options);
  const how = { ...openOptionsOf(options), ...onlyGiven({ foreign, timeLimit: options.timeLimit }) };
  if (trustedKey === undefined) return openTrainedNetwork(path, session, how);
  const { readVerified } = await import("../artifacts/node/signature.ts");
  const bytes = await readVerified(path, { key: trustedKey });
  return openTrainedBytes({ bytes, path }, session, how);
}
