export * from "./node/files.ts";
export * from "./node/weights.ts";
