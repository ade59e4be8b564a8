export * from "./address.ts";
export * from "./artifacts.ts";
export * from "./checksum.ts";
export * from "./copy.ts";
export { connectDatabase, type Database, type DatabaseOptions } from "./database.ts";
export * from "./export.ts";
export * from "./interchange/index.ts";
export * from "./json.ts";
export * from "./project.ts";
export * from "./provenance.ts";
export * from "./recorder.ts";
export * from "./run.ts";
export * from "./run-store.ts";
export * from "./schema.ts";
export {
  createTable,
  readColumns,
  readPages,
  type ReadOptions,
  readRows,
  type RowFilter,
  writeRows,
} from "./tables.ts";
export { sendUnsent } from "./unsent.ts";
