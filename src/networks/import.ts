import type { Runtime, SessionOptions } from "../runtime/runtime.ts";
import { UnsupportedError } from "../tensor/errors.ts";
import { imagenetNormalization } from "../weights/layouts/layout.ts";
import type { WeightsFile } from "../weights/weights-file.ts";
import { loadInference } from "./inference.ts";
import { describeLeft, type ImportedModel, type LoadOptions, loadWeights } from "./load-weights.ts";
import { type ChannelStatistics, type NetworkCard, requireConsistentCard } from "./card.ts";
import { describeGuess, normalizationOf, type PixelScale } from "./pixel-scale.ts";
import type { KeptNetwork } from "./trained.ts";

/** Height of the smallest images that networks for ImageNet take. */
const SMALLEST_OF_IMAGENET = 64;

/** Options for turning another system's weights into a network that predicts. */
export interface ImportOptions extends LoadOptions {
  readonly session?: SessionOptions;
  /** Names of the classes in the order of the scores, which such files do not have. Default: their numbers. */
  readonly classes?: readonly string[];
  /** Height and width of the images that it takes. Default: the network's usual ones. */
  readonly imageSize?: number;
  /** The normalisation of images. Default: as `pixels` has it, else as the layout's system does it. */
  readonly normalization?: ChannelStatistics;
  readonly pixels?: PixelScale;
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
  const { session, onNote = () => {}, classes, normalization, pixels, imageSize, ...request } = options;
  const imported = loadWeights(weights, where, request);
  const left = describeLeft(imported);
  if (left !== undefined) onNote(`${where}: ${left}`);
  const card = imported.card ?? createCard(imported, where, { classes, normalization, pixels, imageSize, onNote });
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
  readonly pixels: PixelScale | undefined;
  readonly imageSize: number | undefined;
  readonly onNote: (text: string) => void;
}

function createCard({ model, normalization: usual }: ImportedModel, where: string, said: Said): NetworkCard {
  const [channels, height, width, ...more] = model.imageShape;
  if (width === undefined || more.length > 0) {
    throw new UnsupportedError(where, `holds ${model.name}, which takes no images; use residua forward`);
  }
  const { onNote, classes, normalization, pixels, imageSize } = said;
  const card: NetworkCard = {
    model: { name: model.name, options: model.options },
    imageShape: [channels, imageSize ?? height, imageSize ?? width],
    data: "",
    classes: classes ?? Array.from({ length: model.options.classes }, (_, index) => String(index)),
    normalization: normalization ?? chooseNormalization(usual, { pixels, channels, height, where, onNote }),
  };
  requireConsistentCard(card, where);
  return card;
}

function chooseNormalization(
  known: ChannelStatistics | undefined,
  about: {
    readonly pixels: PixelScale | undefined;
    readonly channels: number;
    readonly height: number;
    readonly where: string;
    readonly onNote: (text: string) => void;
  },
): ChannelStatistics {
  const { pixels, channels, height, where, onNote } = about;
  if (pixels !== undefined) return normalizationOf(pixels, channels, where);
  const isKnown = known !== undefined && known.mean.length === channels;
  // The names are torchvision's, the network of small images is not.
  const isGuess = !isKnown || (known === imagenetNormalization && height < SMALLEST_OF_IMAGENET);
  if (isGuess) onNote(describeGuess(isKnown ? "imagenet" : "unit", where));
  return isKnown ? known : normalizationOf("unit", channels, where);
}
