export * from "./compare.ts";
export * from "./comparison-record.ts";
export { defineConfig, type CompareConfig, type ResiduaConfig } from "./project-config.ts";
export * from "./report/index.ts";
export * from "./network-study.ts";
export * from "./segmentation-study.ts";
