export * from "./runtime.ts";
export * from "./onnxruntime.ts";
