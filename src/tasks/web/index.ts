export * from "./perform-training.ts";
export * from "./serve-training.ts";
