export * from "./comparison.ts";
export * from "./comparison-plan.ts";
export * from "./comparison-report.ts";
export * from "./comparison-statistics.ts";
export * from "./comparison-words.ts";
export * from "./shortcut-colors.ts";
export * from "./report/index.ts";
export * from "./architecture.ts";
