export { type ChildJob, runInChild } from "../../jobs/node/child-process.ts";
export * from "../compare/node/job.ts";
export * from "../compare/node/record.ts";
export { defineConfig, type CompareConfig, type ResiduaConfig } from "../compare/node/project-config.ts";
export * from "../../report/node/index.ts";
export * from "../network/node/study.ts";
