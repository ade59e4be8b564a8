/**
 * Residual networks in TypeScript. The parts have entry points of their own (`residua/nn`, `residua/compile` …); what
 * needs Node or a browser is behind `residua/…/node` and `residua/…/web`.
 */
export * from "./autodiff/index.ts";
export * from "./compile/index.ts";
export * from "./nn/index.ts";
export * from "./onnx/index.ts";
export * from "./optim/index.ts";
export * from "./runtime/index.ts";
export * from "./tensor/index.ts";
export * from "./weights/index.ts";
