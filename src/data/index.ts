export * from "./augmentation.ts";
export * from "./batches.ts";
export * from "./cifar.ts";
export * from "./idx.ts";
export * from "./image-set.ts";
export * from "./split.ts";
