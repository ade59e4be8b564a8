import type { Graph, Value } from "../../onnx/graph.ts";
import type { DType } from "../../tensor/dtype.ts";
import { ShapeError, UnsupportedError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";

/** The input of a graph that takes images. */
export interface ImageInput {
  readonly name: string;
  readonly dtype: DType;
  readonly imageShape: readonly [channels: number, height: number, width: number];
  /** Whether its axes are [N,H,W,C]. */
  readonly channelsLast: boolean;
  /** Whether it takes pixels from 0 to 255, as whole numbers. */
  readonly bytes: boolean;
  /** The declared batch. */
  readonly batch: number | string;
}

const MOST_CHANNELS = 16;
const floats: ReadonlySet<DType> = new Set(["float32", "float16", "bfloat16"]);
const whole: ReadonlySet<DType> = new Set(["uint8", "int8", "int32", "int64"]);

const isChannels = (extent: number | string | undefined): extent is number =>
  typeof extent === "number" && extent >= 1 && extent <= MOST_CHANNELS;

/** Where the channels are: in the second place if that can be, else in the last. */
function findChannels({ shape }: Value): "first" | "last" | undefined {
  if (isChannels(shape[1]) && !(isChannels(shape[3]) && shape[1] > 4 && shape[3] <= 4)) return "first";
  return isChannels(shape[3]) ? "last" : undefined;
}

/** Height and width of images; one number for both. */
export type ImageSize = number | readonly [height: number, width: number];

/**
 * The one input that takes images.
 *
 * @param imageSize takes the place of what the file says, which may leave it open
 * @throws {UnsupportedError} if there are several inputs
 * @throws {ShapeError} if it takes no images, or leaves their size open
 */
export function openImages(graph: Graph, where: string, imageSize?: ImageSize): ImageInput {
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const [input] = inputs;
  if (inputs.length !== 1)
    throw new UnsupportedError(
      where,
      `takes ${inputs.length} inputs (${inputs.map(({ name }) => name).join(", ")}), must take one: images`,
    );
  const shown = input.opaque ?? `${input.dtype} ${formatShape(input.shape)}`;
  const isImage = input.opaque === undefined && input.shape.length === 4;
  if (!isImage || !(floats.has(input.dtype) || whole.has(input.dtype)))
    throw new ShapeError(where, `takes ${shown}, must take images, float32 [N,C,H,W]`);
  const place = findChannels(input);
  if (place === undefined)
    throw new ShapeError(where, `takes ${shown}, must say its channels in the second place, [N,C,H,W], or the last`);
  const channelsLast = place === "last";
  const [batch, second, third, fourth] = input.shape;
  const [channels, height, width] = channelsLast ? [fourth, second, third] : [second, third, fourth];
  const [wantedHeight, wantedWidth] = typeof imageSize === "object" ? imageSize : [imageSize, imageSize];
  const extent = (given: number | string, wanted: number | undefined): number => {
    const found = wanted ?? given;
    if (typeof found === "number") return found;
    throw new ShapeError(where, `leaves the size of images open, ${shown}; say it with \`imageSize\``);
  };
  return {
    name: input.name,
    dtype: input.dtype,
    imageShape: [Number(channels), extent(height, wantedHeight), extent(width, wantedWidth)],
    channelsLast,
    bytes: whole.has(input.dtype),
    batch,
  };
}
