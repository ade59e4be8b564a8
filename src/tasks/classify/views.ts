import { ShapeError } from "../../tensor/errors.ts";
import { float32 } from "../../tensor/tensor.ts";
import type { LabeledBatch } from "../../train/batch.ts";

type Images = LabeledBatch["images"];

/** Views of an image whose scores are averaged. */
export type ViewsName = "mirror" | "shift" | "mirror-shift";

/** All of them. */
export const viewsNames: readonly ViewsName[] = ["mirror", "shift", "mirror-shift"];

/** One view, and its share of the mean. */
interface View {
  /** Points by which the image moves down and to the right; the border is mirrored into what becomes free. */
  readonly shift: -1 | 0 | 1;
  readonly mirrored: boolean;
  readonly share: number;
}

const plain: View = { shift: 0, mirrored: false, share: 1 };
const both = (views: readonly View[]): readonly View[] =>
  views.flatMap((view) => [false, true].map((mirrored) => ({ ...view, mirrored, share: view.share / 2 })));
const shifted: readonly View[] = [
  { ...plain, share: 0.5 },
  { ...plain, shift: -1, share: 0.25 },
  { ...plain, shift: 1, share: 0.25 },
];

/** @source Jordan 2024, arXiv:2404.00498, 3.7; `infer_mirror_translate` of github.com/KellerJordan/cifar10-airbench */
const views: { readonly [Name in ViewsName]: readonly View[] } = {
  mirror: both([plain]),
  shift: shifted,
  "mirror-shift": both(shifted),
};

/** Where a place along an axis comes from: the border is mirrored without being repeated. */
function sourceOf(place: number, shift: number, length: number): number {
  const from = Math.abs(place - shift);
  return from < length ? from : 2 * (length - 1) - from;
}

/** `[N, C, H, W]`, seen so. */
function seeImages({ data, shape }: Images, { shift, mirrored }: View): Images {
  const [height, width] = shape.slice(2);
  const seen = new Float32Array(data.length);
  const columns = Int32Array.from({ length: width }, (_, column) =>
    sourceOf(mirrored ? width - 1 - column : column, shift, width),
  );
  for (let row = 0; row < data.length / width; row++) {
    const plane = row - (row % height);
    const from = (plane + sourceOf(row % height, shift, height)) * width;
    for (let column = 0; column < width; column++) seen[row * width + column] = data[from + columns[column]];
  }
  return float32(shape, seen);
}

/**
 * The mean scores over views of a batch.
 *
 * @param images `[N, C, H, W]`
 * @param score the network's scores of a batch, `[N, classes]`
 * @throws {ShapeError} unless they are images of at least 2 × 2
 */
export async function averageViews(
  images: Images,
  name: ViewsName,
  score: (images: Images) => Promise<Float32Array>,
): Promise<Float32Array> {
  const [height = 0, width = 0] = images.shape.slice(2);
  if (images.shape.length !== 4 || Math.min(height, width) < 2)
    throw new ShapeError("views", `need images of at least 2×2, these are ${images.shape.slice(1).join("×")}`);
  let sum: Float32Array | undefined;
  for (const view of views[name]) {
    const scores = await score(view.shift === 0 && !view.mirrored ? images : seeImages(images, view));
    sum ??= new Float32Array(scores.length);
    for (const [index, value] of scores.entries()) sum[index] += view.share * value;
  }
  return sum!;
}
