export * from "./node/external.ts";
export * from "./node/files.ts";
export { isShardIndex } from "./node/sharded.ts";
export * from "./node/weights.ts";
export * from "./node/onnx.ts";
