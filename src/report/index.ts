export * from "./colors.ts";
export * from "./csv.ts";
export * from "./figures.ts";
export * from "./report.ts";
export * from "./words.ts";
