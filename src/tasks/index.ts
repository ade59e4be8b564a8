export * from "./find-task.ts";
export * from "./loaded-network.ts";
export type { TrainingPreset } from "./preset.ts";
export type * from "./task.ts";

export { type ClassifyPreset, fastPresets, findClassifyPreset } from "./classify/presets.ts";
export * from "./classify/judge.ts";
export * from "./classify/predict.ts";
export * from "./classify/prediction-table.ts";
export * from "./classify/predictions.ts";
export * from "./classify/report.ts";
export type * from "./classify/settings.ts";

export {
  characters,
  digits,
  letters,
  normalizePlateText,
  type PlateColour,
  plateColours,
  provinces,
} from "./plates/alphabet.ts";
export * from "./plates/evaluate.ts";
export * from "./plates/find-plates.ts";
export * from "./plates/geometry.ts";
export * from "./plates/grammar.ts";
export * from "./plates/judge.ts";
export { locateDefaults, locatePlates, type LocatedPlate, type LocateOptions } from "./plates/locate.ts";
export * from "./plates/measures.ts";
export * from "./plates/pixels.ts";
export * from "./plates/predict.ts";
export * from "./plates/presets.ts";
export * from "./plates/read.ts";
export { type PlateReading, readPlates } from "./plates/read-views.ts";
export * from "./plates/report.ts";
export * from "./plates/settings.ts";
export * from "./plates/straighten.ts";
export type * from "./plates/train-options.ts";

export * from "./segment/data/batches.ts";
export * from "./segment/data/components.ts";
export * from "./segment/data/distance.ts";
export * from "./segment/data/drawn-cells.ts";
export * from "./segment/data/raster.ts";
export * from "./segment/data/rle.ts";
export * from "./segment/data/set.ts";
export * from "./segment/data/targets.ts";
export * from "./segment/data/variation.ts";
export * from "./segment/judge.ts";
export * from "./segment/losses.ts";
export * from "./segment/geojson.ts";
export * from "./segment/imagej-rois.ts";
export * from "./segment/measure.ts";
export * from "./segment/measurement-table.ts";
export * from "./segment/outlines.ts";
export * from "./segment/predict.ts";
export * from "./segment/presets.ts";
export * from "./segment/report.ts";
export * from "./segment/segment.ts";
export * from "./segment/settings.ts";
export * from "./segment/summary.ts";
