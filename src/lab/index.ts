export * from "./comparison.ts";
export * from "./page.ts";
