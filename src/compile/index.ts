export * from "./fold-batch-norm.ts";
export * from "./inference.ts";
export * from "./lowering.ts";
export * from "./portable/choices.ts";
export * from "./portable/lowering.ts";
export * from "./rewrite.ts";
export * from "./step.ts";
