import { UnsupportedError } from "../../../tensor/errors.ts";
import { noOptions } from "../../node/no-options.ts";
import type { Answers } from "../../node/node-task.ts";
import { measureIntensity } from "../data/raster.ts";
import { measureCells } from "../measure.ts";
import { outlinesToGeoJson } from "../geojson.ts";
import { drawImage, paintOutlines } from "../overlay.ts";
import type { SegmentTypes } from "../task.ts";

/** Cells with what is measured of them, or shares of classes; outlines as GeoJSON; the image with outlines as PNG. */
export const segmentationAnswers: Answers<SegmentTypes> = {
  readOptions: noOptions("a segmentation"),
  write: {
    "application/json": (found, { input }) => {
      const { width, height } = found;
      if (found.target === "classes") return JSON.stringify({ width, height, classes: found.shares });
      return JSON.stringify({ width, height, count: found.count, cells: measureCells(found.labels, input) });
    },
    "application/geo+json": (found) => {
      if (found.target === "classes")
        throw new UnsupportedError("GeoJSON", "is for cells, the network gives classes of points; ask for JSON or PNG");
      return JSON.stringify(outlinesToGeoJson(found.outlines()));
    },
    "image/png": async (found, { input, settings }) => {
      const { encodePicture } = await import("./encode.ts");
      const picture = drawImage(input, measureIntensity(input, settings.scaling));
      paintOutlines(picture, found.labels);
      return encodePicture(picture);
    },
  },
};
