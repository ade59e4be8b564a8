export { createPlateWriter as createWriter } from "../batches.ts";
