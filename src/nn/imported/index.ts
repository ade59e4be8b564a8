export { createGraphModule } from "./graph-module.ts";
export * from "./import.ts";
