export * from "./find-node-task.ts";
export * from "./node-task.ts";
export * from "./training-job.ts";
export * from "../plates/node/folder.ts";
export * from "../segment/node/study.ts";
