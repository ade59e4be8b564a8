export * from "./draw-figure.ts";
export * from "./render-report.ts";
export { decodeReport } from "./keep-report.ts";
