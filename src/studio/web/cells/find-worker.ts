import { readImageBlob } from "../../../data/web/image.ts";
import type { ImageFile } from "../../../data/image/raster.ts";
import { serveRequests } from "../../../jobs/web/service.ts";
import { correctCells, type LabelChange, takeBack } from "../../../tasks/segment/correct.ts";
import { measureIntensity } from "../../../tasks/segment/data/raster.ts";
import { measureCells } from "../../../tasks/segment/measure.ts";
import { outlineCells } from "../../../tasks/segment/outlines.ts";
import { type InstanceOptions, standardInstanceOptions } from "../../../tasks/segment/instances.ts";
import { drawImage } from "../../../tasks/segment/overlay.ts";
import { type SeenWindow, separateWindows } from "../../../tasks/segment/segment.ts";
import { FormatError, OptionError, UnsupportedError } from "../../../tensor/errors.ts";
import { open } from "../../../web.ts";
import { refuseSize } from "../../pictures/image-limits.ts";
import type {
  CellLabels,
  CellsAnswer,
  CellsRequest,
  cellFinding,
  FindEvent,
  FindInput,
  FoundCells,
} from "./find-job.ts";

const mostBytes = 256 * 2 ** 20;
/** A picture of this many points takes minutes, and its maps hundreds of megabytes. */
const mostPoints = 2 ** 24;

/** The picture whose cells were found last, as it was measured. */
interface Kept {
  readonly image: ImageFile;
  readonly labels: Int32Array;
  readonly changes: LabelChange[];
  readonly windows: readonly SeenWindow[];
  readonly instances: InstanceOptions;
}

let kept: Kept | undefined;

/** The cells as they are now; the labels are a copy, to be handed over. */
function measureKept({ image, labels, changes, instances: { foreground, persistence } }: Kept): CellLabels {
  return {
    labels: labels.slice(),
    cells: measureCells(labels, image),
    outlines: outlineCells(labels, image),
    corrections: changes.length,
    thresholds: { foreground, persistence },
  };
}

async function find(
  { file, models, network: own }: FindInput,
  report: (event: FindEvent) => void,
): Promise<FoundCells> {
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
  const network = await (own === undefined
    ? open("cells", { task: "segment", models, wasm })
    : open(own, { task: "segment", name: "cells.onnx", wasm }));
  const windows: SeenWindow[] = [];
  const found = await network.predict(image, {
    views: 1,
    keepMaps: (seen) => windows.push(seen),
    onProgress: (share) => report({ kind: "share", share }),
  });
  await network.release();
  if (found.target !== "instances") throw new UnsupportedError("cells", "gives classes of points, must give cells");
  const instances = { ...standardInstanceOptions, ...network.settings.instances };
  kept = { image, labels: found.labels, changes: [], windows, instances };
  return {
    name,
    height,
    width,
    channels,
    picture: drawImage(image, measureIntensity(image, network.settings.scaling)).pixels,
    ...measureKept(kept),
    ...(pixelSize === undefined || pixelSize.x !== pixelSize.y ? {} : { pixelSize: pixelSize.x }),
  };
}

async function answer(request: CellsRequest, report: (event: FindEvent) => void): Promise<CellsAnswer> {
  if (request.kind === "find") return { kind: "found", ...(await find(request, report)) };
  if (kept === undefined) throw new OptionError("cells", "there are none to correct; choose a picture first");
  const { image, labels, changes, windows, instances } = kept;
  if (request.kind === "separate") {
    const next = { ...instances, ...request.thresholds };
    kept = { ...kept, labels: separateWindows(image, windows, next).labels, changes: [], instances: next };
  } else if (request.kind === "correct") changes.push(correctCells(labels, image.width, request.edit));
  else {
    const last = changes.pop();
    if (last !== undefined) takeBack(labels, last);
  }
  return { kind: "corrected", ...measureKept(kept) };
}

serveRequests<typeof cellFinding>({
  answer,
  transfer: (given) => [given.labels.buffer, ...(given.kind === "found" ? [given.picture.buffer] : [])],
});
