export * from "./adamw.ts";
export * from "./clip.ts";
export * from "./muon.ts";
export * from "./optimizer.ts";
export * from "./schedules.ts";
export * from "./sgd.ts";
