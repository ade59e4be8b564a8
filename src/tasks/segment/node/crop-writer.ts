export { createCropWriter as createWriter } from "../data/batches.ts";
