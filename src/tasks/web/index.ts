export * from "./perform-training.ts";
export * from "./serve-training.ts";
export * from "./table.ts";
export type * from "./web-task.ts";
