export * from "./comparison.ts";
export * from "./page.ts";
export * from "./architecture.ts";
