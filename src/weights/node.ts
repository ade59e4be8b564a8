export * from "./node/external.ts";
export { isShardIndex } from "./node/sharded.ts";
export * from "./node/weights.ts";
export * from "./node/onnx.ts";
