import type { Runtime, SessionOptions } from "../runtime/runtime.ts";
import { UnsupportedError } from "../tensor/errors.ts";
import type { WeightsFile } from "../weights/weights-file.ts";
import { loadInference } from "./inference.ts";
import { describeLeft, type ImportedModel, type LoadOptions, loadWeights } from "./load-weights.ts";
import type { ChannelStatistics, NetworkCard } from "./card.ts";
import type { TrainedNetwork } from "./open.ts";

/** How another system's weights become a network that predicts. */
export interface ImportOptions extends LoadOptions {
  readonly session?: SessionOptions;
  /** Is told in one line what the file does not say, and what a partial load left. */
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
  { file, where }: { readonly file: WeightsFile; readonly where: string },
  options: ImportOptions = {},
): Promise<TrainedNetwork> {
  const { session, onNote = () => {}, ...request } = options;
  const imported = loadWeights(file, where, request);
  const left = describeLeft(imported);
  if (left !== undefined) onNote(`${where}: ${left}`);
  const card = imported.card ?? createCard(imported, where, onNote);
  const { module } = imported.model;
  const { imageShape } = card;
  return {
    card,
    session: await loadInference({
      runtime,
      module,
      imageShape,
      state: imported.state,
      ...(session === undefined ? {} : { session }),
    }),
  };
}

function createCard({ model, layout }: ImportedModel, where: string, onNote: (text: string) => void): NetworkCard {
  const [channels, height, width, ...more] = model.imageShape;
  if (width === undefined || more.length > 0) {
    throw new UnsupportedError(where, `holds ${model.name}, which takes no images; use residua forward`);
  }
  return {
    model: { name: model.name, options: model.options },
    imageShape: [channels, height, width],
    data: "",
    classes: Array.from({ length: model.options.classes }, (_, index) => String(index)),
    normalization: chooseNormalization(layout?.build.normalization, { channels, where, onNote }),
  };
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
