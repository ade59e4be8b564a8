export { performTraining, type WebTrainingContext } from "./perform-training.ts";
export * from "./protocol.ts";
export * from "./start-training.ts";
