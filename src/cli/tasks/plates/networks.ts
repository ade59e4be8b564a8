import { readSettings } from "../../../tasks/find-task.ts";
import type { PlateNetworks } from "../../../tasks/plates/find-plates.ts";
import type { PlatePart } from "../../../tasks/plates/settings.ts";
import type { CheckedNetwork } from "../../../ready/node/find.ts";
import { FormatError, OptionError } from "../../../tensor/errors.ts";
import {
  type ModelFileOptions,
  type OpenedModel,
  openModelFile,
  openReadyFile,
  type ReadyUse,
  sayChosen,
} from "../../model-file.ts";
import { onlyGiven } from "../../options.ts";

/** Which networks find and read plates. */
export interface PlateNetworkOptions extends ModelFileOptions {
  /** A ready network that has both. */
  readonly model?: string;
  readonly locator?: string;
  readonly reader?: string;
}

/** What each network is called, and where it comes from. */
export interface UsedNetworks {
  readonly locator: string;
  readonly reader: string;
  readonly ready?: { readonly locator?: ReadyUse; readonly reader?: ReadyUse };
}

/** Both networks, open. */
export interface OpenedPlateNetworks {
  readonly networks: PlateNetworks;
  readonly used: UsedNetworks;
  readonly release: () => Promise<void>;
}

const parts = { locator: "locate", reader: "read" } as const satisfies Readonly<Record<keyof PlateNetworks, PlatePart>>;

/** The ready networks for what is not given as a file; undefined if files are given for both. */
async function findReadyPair(options: PlateNetworkOptions): Promise<CheckedNetwork | undefined> {
  const { model, locator, reader, trustedKey } = options;
  const { findNetwork, openStandardReady } = await import("../../../ready/node/find.ts");
  const place = onlyGiven({ key: trustedKey });
  if (locator !== undefined && reader !== undefined) {
    if (model === undefined) return undefined;
    throw new OptionError("model", "cannot be combined with both `locator` and `reader`; leave one out");
  }
  if (model === undefined) {
    const found = await openStandardReady("plates", "model", place);
    sayChosen(found);
    return found;
  }
  const found = await findNetwork(model, "model", place);
  if (found.kind === "ready" && "locator" in found.ready.files && "reader" in found.ready.files) return found.ready;
  throw new OptionError(
    "model",
    `"${model}" is not a pair of networks for plates; give files as \`locator\` and \`reader\``,
  );
}

/** @throws {FormatError} if a network does another part of the task */
function requirePart({ network, model }: OpenedModel, name: keyof PlateNetworks): void {
  const { part } = readSettings(network.card.task, "plates", model);
  if (part !== parts[name])
    throw new FormatError(model, `was trained to ${part} plates, must be one that can ${parts[name]} them`);
}

/**
 * Opens the two networks: those given as files, and the ready ones for the rest, which is said.
 *
 * @throws {FormatError} if one was trained to do something else
 */
export async function openPlateNetworks(options: PlateNetworkOptions): Promise<OpenedPlateNetworks> {
  const ready = await findReadyPair(options);
  const opened: OpenedModel[] = [];
  const release = async (): Promise<void> => {
    for (const { network } of opened) await network.session.release();
  };
  const open = async (name: keyof PlateNetworks): Promise<OpenedModel> => {
    const given = options[name];
    const found =
      given === undefined
        ? await openReadyFile(ready!, ready!.files[name], options)
        : await openModelFile(given, options, name);
    opened.push(found);
    requirePart(found, name);
    return found;
  };
  try {
    const [locator, reader] = [await open("locator"), await open("reader")];
    const uses = onlyGiven({ locator: locator.ready, reader: reader.ready });
    return {
      networks: { locator: locator.network, reader: reader.network },
      used: {
        locator: locator.model,
        reader: reader.model,
        ...(Object.keys(uses).length === 0 ? {} : { ready: uses }),
      },
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}
