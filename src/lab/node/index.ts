export * from "./compare.ts";
export * from "./comparison-record.ts";
export * from "./comparison-report.ts";
export * from "./figures.ts";
export * from "./report/index.ts";
