import type { Command } from "commander";

type Registration = (program: Command) => void;

/**
 * Every command's registration by the command's name, in the order of the help text. Loaded when it is wanted: all of them
 * together take longer to load than most commands take to run.
 */
export const commands: Readonly<Record<string, () => Promise<Registration>>> = {
  compare: async () => (await import("./compare.ts")).registerCompare,
  train: async () => (await import("./train.ts")).registerTrain,
  evaluate: async () => (await import("./evaluate.ts")).registerEvaluate,
  predict: async () => (await import("./predict.ts")).registerPredict,
  segment: async () => (await import("./segment.ts")).registerSegment,
  runs: async () => (await import("./runs.ts")).registerRuns,
  models: async () => (await import("./models.ts")).registerModels,
  gradflow: async () => (await import("./gradflow.ts")).registerGradflow,
  lesion: async () => (await import("./lesion.ts")).registerLesion,
  landscape: async () => (await import("./landscape.ts")).registerLandscape,
  advise: async () => (await import("./advise.ts")).registerAdvise,
  describe: async () => (await import("./describe.ts")).registerDescribe,
  inspect: async () => (await import("./inspect.ts")).registerInspect,
  export: async () => (await import("./export.ts")).registerExport,
  report: async () => (await import("./report.ts")).registerReport,
  data: async () => (await import("./data.ts")).registerData,
  forward: async () => (await import("./forward-and-gradients.ts")).registerForward,
  gradients: async () => (await import("./forward-and-gradients.ts")).registerGradients,
  keys: async () => (await import("./keys.ts")).registerKeys,
  sign: async () => (await import("./sign.ts")).registerSign,
  verify: async () => (await import("./sign.ts")).registerSign,
  seal: async () => (await import("./seal.ts")).registerSeal,
  unseal: async () => (await import("./seal.ts")).registerSeal,
  open: async () => (await import("./seal.ts")).registerSeal,
};
