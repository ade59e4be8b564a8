export * from "./augmentation.ts";
export * from "./batches.ts";
export * from "./cifar.ts";
export * from "./idx.ts";
export type * from "./image/raster.ts";
export * from "./image-set.ts";
export * from "./local-source.ts";
export * from "./split.ts";
export type * from "./sample-source.ts";
