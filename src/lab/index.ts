export * from "./comparison.ts";
export * from "./report/index.ts";
export * from "./architecture.ts";
