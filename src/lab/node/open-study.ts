import type { Dataset } from "../../data/image-set.ts";
import { identifyData } from "../../data/node/identify-data.ts";
import { openMatching } from "../../data/node/open-matching.ts";
import { openNetworkFile } from "../../networks/node/file.ts";
import { type StudyNetwork, toStudyNetwork } from "../study-network.ts";

/**
 * Opens a network for the lab: a checkpoint, weights or an ONNX model of Residua's, another system's weights, or ONNX from
 * anywhere.
 *
 * @throws {FormatError} if the file is damaged
 * @throws {UnsupportedError} if it does not take images, or has operators that have no gradient
 */
export async function openStudyNetwork(path: string): Promise<StudyNetwork> {
  return toStudyNetwork(await openNetworkFile(path), path);
}

/**
 * Opens the data that a network is studied on, with the network's labels, and its normalisation where its file says so.
 *
 * @param wanted a data set's name or a folder; the network's own if left out
 * @throws as {@link openMatching}
 */
export async function openStudyData(
  { imageShape, data, classes, classNames, normalization }: Omit<StudyNetwork, "module" | "state" | "notes">,
  wanted: string | undefined,
  place: { readonly cache: string; readonly onNote: (note: string) => void },
): Promise<Dataset> {
  const named = { count: classes, ...(classNames === undefined ? {} : { names: classNames }) };
  const found = await openMatching({ imageShape, data, classes: named }, wanted, place);
  return normalization === undefined ? found : { ...found, normalization };
}

/**
 * A fact about a study's data for its identity: which images a folder holds; a known data set is told by its name.
 *
 * @param data empty where nothing says which
 */
export async function identifyStudyData(
  data: string,
  [channels, height, width]: readonly number[],
): Promise<{ readonly content?: string }> {
  // Whoever opens them says what is missing.
  const content = data === "" ? undefined : await identifyData(data, { channels, height, width });
  return content === undefined ? {} : { content };
}
