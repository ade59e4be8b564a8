export * from "./device.ts";
export * from "./onnxruntime.ts";
export * from "./onnxruntime-module.ts";
export * from "./probe.ts";
export * from "./runtime.ts";
