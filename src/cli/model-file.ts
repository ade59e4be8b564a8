import { Option } from "commander";
import { readVerified } from "../artifacts/node/signature.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { openTrainedNetwork } from "../train/node/trained-network.ts";
import { loadTrainedNetwork, type TrainedNetwork } from "../train/trained.ts";

/** Options of commands that load a trained network. */
export interface ModelFileOptions {
  readonly threads?: number;
  readonly trustedKey?: string;
}

/** Asks for a signature before a network is loaded. */
export function trustedKeyOption(): Option {
  return new Option("--trusted-key <file>", "load the model only if its signature, beside it, is this public key's");
}

/** Opens a trained network: with a trusted key, only the very bytes that were found to be signed with it. */
export async function openModelFile(path: string, { threads, trustedKey }: ModelFileOptions): Promise<TrainedNetwork> {
  const session = threads === undefined ? {} : { threads };
  if (trustedKey === undefined) return openTrainedNetwork(path, session);
  const bytes = await readVerified(path, { key: trustedKey });
  return loadTrainedNetwork(createNodeRuntime(), bytes, path, session);
}
