/** Statistics: summaries, tests, effect sizes and probabilities, with the definitions and sources beside each. */
export * from "./bootstrap.ts";
export * from "./correction.ts";
export * from "./distributions.ts";
export * from "./effect-size.ts";
export * from "./permutation.ts";
export * from "./rank-tests.ts";
export type { Alternative, Probability, Sample } from "./sample.ts";
export * from "./summary.ts";
export * from "./survival.ts";
export * from "./t-tests.ts";
export * from "./wilson.ts";
