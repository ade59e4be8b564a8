export * from "./attention.ts";
export * from "./basic.ts";
export * from "./bottleneck.ts";
export * from "./dense.ts";
export * from "./options.ts";
export * from "./preactivation.ts";
export * from "./residual.ts";
export * from "./stochastic-depth.ts";
