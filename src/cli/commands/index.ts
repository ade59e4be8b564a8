import type { Command } from "commander";

type Registration = (program: Command) => void;

/** A command of the command line. */
export interface CommandEntry {
  /** What stands behind its name in the help: whether it has options, and its arguments. */
  readonly usage: string;
  readonly summary: string;
  /** Another name that it had. */
  readonly alias?: string;
  /** One registration may be that of several commands. */
  readonly load: () => Promise<Registration>;
}

/**
 * Every command by name, in the order of the help text, with all that the help says of it: a command's own file is loaded
 * when the command is wanted, since all of them together take longer to load than most commands take to run.
 */
export const commands: Readonly<Record<string, CommandEntry>> = {
  compare: {
    usage: "[options]",
    summary: "train a shallow and a deep network with each shortcut type, and show what the type does",
    load: async () => (await import("./compare.ts")).registerCompare,
  },
  train: {
    usage: "[options]",
    summary: "train a network; Ctrl-C leaves a checkpoint from which --resume goes on exactly",
    load: async () => (await import("./train.ts")).loadTrain(),
  },
  evaluate: {
    usage: "[options]",
    summary:
      "accuracy and loss of a trained network on the test images, or how well it segments a folder of images with masks",
    load: async () => (await import("./evaluate.ts")).loadEvaluate(),
  },
  predict: {
    usage: "[options] <image...>",
    summary: "what a trained network says about images: their classes, or their cells",
    load: async () => (await import("./predict.ts")).loadPredict(),
  },
  segment: {
    usage: "[options] <image...>",
    summary: "cells or classes of points in images of any size, by a network that was trained with --task segment",
    load: async () => (await import("../tasks/segment.ts")).registerSegment,
  },
  runs: {
    usage: "",
    summary: "runs of train and compare: find, compare, tag, copy, export",
    load: async () => (await import("./runs.ts")).registerRuns,
  },
  serve: {
    usage: "[options] [model...]",
    summary: "answer requests over HTTP with trained networks: images, or tensors by the Open Inference Protocol",
    load: async () => (await import("./serve.ts")).registerServe,
  },
  models: {
    usage: "",
    summary: "the networks that are known by name, and their options",
    load: async () => (await import("./models.ts")).registerModels,
  },
  gradflow: {
    usage: "[options]",
    summary: "follow the gradient through every layer and block, at the start and along training",
    load: async () => (await import("./gradflow.ts")).registerGradflow,
  },
  lesion: {
    usage: "[options]",
    summary: "remove, exchange and repeat blocks of a trained network, and see what it still can do",
    load: async () => (await import("./lesion.ts")).registerLesion,
  },
  landscape: {
    usage: "[options]",
    summary: "the loss around a trained network, and along the way of its training, as contours and a surface",
    load: async () => (await import("./landscape.ts")).registerLandscape,
  },
  advise: {
    usage: "[options] <model|file>",
    summary: "how a network's blocks could be designed better, by rule with sources, and by short measurement",
    load: async () => (await import("./advise.ts")).registerAdvise,
  },
  describe: {
    usage: "[options] <model|file>",
    summary: "show a network block by block: shapes, what each shortcut resolves to, what it costs",
    load: async () => (await import("./describe.ts")).registerDescribe,
  },
  inspect: {
    usage: "[options] <file>",
    summary: "say which network and shortcut type a weights file was made with; ends with 0 only where that is sure",
    load: async () => (await import("./inspect.ts")).registerInspect,
  },
  export: {
    usage: "[options] <model|file>",
    summary: "give a network back: as ONNX, safetensors or a PyTorch state dict, with a model card beside it",
    load: async () => (await import("./export.ts")).registerExport,
  },
  report: {
    usage: "[options] <file...>",
    summary: "one page about a trained network; with pages of other commands, all of them as one",
    load: async () => (await import("./report.ts")).loadReport(),
  },
  data: {
    usage: "",
    summary: "data sets: what is here, and how to get the rest",
    load: async () => (await import("./data.ts")).loadData(),
  },
  forward: {
    usage: "[options] <model>",
    summary: "scores of images, in evaluation mode, to check against PyTorch",
    load: async () => (await import("./forward-and-gradients.ts")).registerForward,
  },
  gradients: {
    usage: "[options] <model>",
    summary: "gradients of the mean cross-entropy, batch norm in training mode, to check against PyTorch",
    load: async () => (await import("./forward-and-gradients.ts")).registerGradients,
  },
  keys: {
    usage: "[options] <name>",
    summary:
      "make keys: a pair to sign and verify with, an age pair to seal and unseal with; only you may read the files",
    load: async () => (await import("./keys.ts")).registerKeys,
  },
  sign: {
    usage: "[options] <file>",
    summary: "sign a file: a small file beside it says what it holds, where it comes from and who says so",
    load: async () => (await import("./sign.ts")).registerSign,
  },
  verify: {
    usage: "[options] <file>",
    summary: "check a file against its signature; ends with 1 if a byte, the key or the statement is another one",
    load: async () => (await import("./sign.ts")).registerSign,
  },
  seal: {
    usage: "[options] <file>",
    summary: "encrypt a file of any size for the holder of a key, as a standard age file",
    load: async () => (await import("./seal.ts")).registerSeal,
  },
  unseal: {
    usage: "[options] <file>",
    summary:
      "decrypt an age file, or one that an earlier version sealed; nothing is left of one that was changed, cut off or sealed for another key",
    alias: "open",
    load: async () => (await import("./seal.ts")).registerSeal,
  },
};
