export { listNames, quote } from "../tensor/printable.ts";
