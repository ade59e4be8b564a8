import { readImageBlob } from "../../../data/web/image.ts";
import type { JobContext } from "../../../jobs/job.ts";
import { serveInWorker } from "../../../jobs/web/worker.ts";
import { measureIntensity } from "../../../tasks/segment/data/raster.ts";
import { measureCells } from "../../../tasks/segment/measure.ts";
import { drawImage } from "../../../tasks/segment/overlay.ts";
import { FormatError, UnsupportedError } from "../../../tensor/errors.ts";
import { open } from "../../../web.ts";
import { refuseSize } from "../../pictures/image-limits.ts";
import type { FindEvent, finding, FindInput, FoundCells } from "./find-job.ts";

const mostBytes = 256 * 2 ** 20;
/** A picture of this many points takes minutes, and its maps hundreds of megabytes. */
const mostPoints = 2 ** 24;

async function find({ file, models }: FindInput, { report }: JobContext<FindEvent>): Promise<FoundCells> {
  const { name } = file;
  const large = refuseSize(file.size, mostBytes);
  if (large !== undefined) throw new FormatError(name, `is too large: ${(large as { readonly en: string }).en}`);
  report({ kind: "loading" });
  const image = await readImageBlob(file);
  const { height, width, channels, pixelSize } = image;
  if (height * width > mostPoints)
    throw new UnsupportedError(
      name,
      `has ${height} × ${width} pixels, a page takes at most ${mostPoints} in all; use residua predict, or cut a part out`,
    );
  const wasm = new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url);
  const network = await open("cells", { task: "segment", models, wasm });
  const found = await network.predict(image, {
    views: 1,
    onProgress: (share) => report({ kind: "share", share }),
  });
  await network.release();
  if (found.target !== "instances") throw new UnsupportedError("cells", "gives classes of points, must give cells");
  return {
    name,
    height,
    width,
    channels,
    picture: drawImage(image, measureIntensity(image, network.settings.scaling)).pixels,
    labels: found.labels,
    cells: measureCells(found.labels, image),
    outlines: found.outlines(),
    ...(pixelSize === undefined || pixelSize.x !== pixelSize.y ? {} : { pixelSize: pixelSize.x }),
  };
}

serveInWorker<typeof finding>(find, { transfer: ({ picture, labels }) => [picture.buffer, labels.buffer] });
