export * from "./backward.ts";
export * from "./finite-difference.ts";
export * from "./rule.ts";
export { gradientRules } from "./rules/index.ts";
