export { createSceneWriter as createWriter } from "../scene-batches.ts";
