export * from "./child-job.ts";
export * from "./model-cache.ts";
export * from "./export-files.ts";
export * from "./network-file.ts";
export * from "./trained-network.ts";
export * from "./training.ts";
export * from "./training-record.ts";
export { findCheckpoint, readCheckpoint } from "./training-files.ts";
