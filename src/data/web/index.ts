export * from "./image.ts";
