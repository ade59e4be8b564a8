import type { Command } from "commander";
import { registerCompare } from "./compare.ts";
import { registerData } from "./data.ts";
import { registerDescribe } from "./describe.ts";
import { registerEvaluate } from "./evaluate.ts";
import { registerInspect } from "./inspect.ts";
import { registerKeys } from "./keys.ts";
import { registerExport } from "./export.ts";
import { registerForward, registerGradients } from "./passes.ts";
import { registerPredict } from "./predict.ts";
import { registerRuns } from "./runs.ts";
import { registerSeal } from "./seal.ts";
import { registerSign } from "./sign.ts";
import { registerTrain } from "./train.ts";

/** Every command's registration, in the order of the help text. */
export const commands: readonly ((program: Command) => void)[] = [
  registerCompare,
  registerTrain,
  registerEvaluate,
  registerPredict,
  registerRuns,
  registerDescribe,
  registerInspect,
  registerExport,
  registerData,
  registerForward,
  registerGradients,
  registerKeys,
  registerSign,
  registerSeal,
];
