export * from "./compare.ts";
export * from "./comparison-report.ts";
export * from "./figures.ts";
