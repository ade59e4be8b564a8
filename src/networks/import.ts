import type { Runtime, SessionOptions } from "../runtime/runtime.ts";
import { UnsupportedError } from "../tensor/errors.ts";
import type { WeightsFile } from "../weights/weights-file.ts";
import { loadInference } from "./inference.ts";
import { describeLeft, type ImportedModel, type LoadOptions, loadWeights } from "./load-weights.ts";
import { type ChannelStatistics, type NetworkCard, requireConsistentCard } from "./card.ts";
import type { KeptNetwork } from "./trained.ts";

/** Options for turning another system's weights into a network that predicts. */
export interface ImportOptions extends LoadOptions {
  readonly session?: SessionOptions;
  /** Names of the classes in the order of the scores, which such files do not have. Default: their numbers. */
  readonly classes?: readonly string[];
  /** Height and width of the images that it takes. Default: the network's usual ones. */
  readonly imageSize?: number;
  /** The normalisation of images. Default: as the layout's system does it. */
  readonly normalization?: ChannelStatistics;
  /** Receives one-line notes about facts missing from the file, and about the remainder of a partial load. */
  readonly onNote?: (text: string) => void;
}

/**
 * Makes a network that predicts out of another system's weights. Its classes are numbers, since the file does not name
 * them, and its images are normalised as the layout's system does it.
 *
 * @param where the file's name, for errors
 * @throws {WeightsError} if the weights are no network of Residua's, or it is not sure which
 * @throws {UnsupportedError} if the network does not take images
 */
export async function loadImportedNetwork(
  runtime: Runtime,
  { file: weights, where }: { readonly file: WeightsFile; readonly where: string },
  options: ImportOptions = {},
): Promise<KeptNetwork> {
  const { session, onNote = () => {}, classes, normalization, imageSize, ...request } = options;
  const imported = loadWeights(weights, where, request);
  const left = describeLeft(imported);
  if (left !== undefined) onNote(`${where}: ${left}`);
  const card = imported.card ?? createCard(imported, where, { classes, normalization, imageSize, onNote });
  const { state } = imported;
  const { module } = imported.model;
  const { imageShape, model } = card;
  const loading = { runtime, module, imageShape, state, ...(session === undefined ? {} : { session }) };
  return {
    card,
    file: { kind: "network", model, imageShape, module, state, card },
    session: await loadInference(loading),
  };
}

/** The notes about a network whose file says nothing. */
interface Said {
  readonly classes: readonly string[] | undefined;
  readonly normalization: ChannelStatistics | undefined;
  readonly imageSize: number | undefined;
  readonly onNote: (text: string) => void;
}

function createCard({ model, normalization: usual }: ImportedModel, where: string, said: Said): NetworkCard {
  const [channels, height, width, ...more] = model.imageShape;
  if (width === undefined || more.length > 0) {
    throw new UnsupportedError(where, `holds ${model.name}, which takes no images; use residua forward`);
  }
  const { onNote, classes, normalization, imageSize } = said;
  const card: NetworkCard = {
    model: { name: model.name, options: model.options },
    imageShape: [channels, imageSize ?? height, imageSize ?? width],
    data: "",
    classes: classes ?? Array.from({ length: model.options.classes }, (_, index) => String(index)),
    normalization: normalization ?? chooseNormalization(usual, { channels, where, onNote }),
  };
  requireConsistentCard(card, where);
  return card;
}

function chooseNormalization(
  known: ChannelStatistics | undefined,
  about: { readonly channels: number; readonly where: string; readonly onNote: (text: string) => void },
): ChannelStatistics {
  const { channels, where, onNote } = about;
  if (known !== undefined && known.mean.length === channels) return known;
  onNote(`${where}: does not say how images were normalised; pixels are taken from 0 to 1`);
  const all = (value: number): readonly number[] => Array.from({ length: channels }, () => value);
  return { mean: all(0), deviation: all(1) };
}
