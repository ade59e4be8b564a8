export type { Files } from "./archive.ts";
export * from "./catalog.ts";
export type { FetchProgress } from "./download.ts";
export * from "./fetch.ts";
export * from "./folder.ts";
export * from "./image.ts";
export * from "./loader.ts";
export * from "./open.ts";
export type { Source } from "./sources.ts";
