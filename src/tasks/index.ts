/** What networks are for beside telling classes apart: segmentation's data, losses and measures. */
export * from "./segment/data/batches.ts";
export * from "./segment/data/components.ts";
export * from "./segment/data/distance.ts";
export * from "./segment/data/drawn-cells.ts";
export * from "./segment/data/raster.ts";
export * from "./segment/data/rle.ts";
export * from "./segment/data/set.ts";
export * from "./segment/data/targets.ts";
export * from "./segment/data/variation.ts";
export * from "./segment/losses.ts";
