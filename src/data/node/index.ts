export * from "./catalog.ts";
export * from "./fetch.ts";
export * from "./folder.ts";
export * from "./image.ts";
export * from "./loader.ts";
export * from "./open.ts";
