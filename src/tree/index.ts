/** Trees of anything: built from lists, walked, searched, printed and drawn. */
export * from "./build.ts";
export * from "./draw.ts";
export * from "./print.ts";
export * from "./tree.ts";
