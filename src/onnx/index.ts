export * from "./builder.ts";
export * from "./decode.ts";
export * from "./encode.ts";
export * from "./graph.ts";
export { inferGraph, inferModel } from "./infer.ts";
export * from "./normalize.ts";
export * from "./operators/definition.ts";
export * from "./operators/index.ts";
export * from "./text.ts";
