export * from "./find-node-task.ts";
export * from "./node-task.ts";
export * from "./start-training.ts";
export * from "../segment/node/study.ts";
