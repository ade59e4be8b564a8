import type { Command } from "commander";

type Registration = (program: Command) => void;

/** A command of the command line. */
export interface CommandEntry {
  /** What help shows after its name: whether it has options, and its arguments. */
  readonly usage: string;
  readonly summary: string;
  /** An earlier name, still accepted. */
  readonly alias?: string;
  /** Several commands may share one registration. */
  readonly load: () => Promise<Registration>;
}

/** The command that a name is of, if it is of one; its earlier name does not count. */
export function commandOf(name: string): CommandEntry | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}

/**
 * Every command by name, in the order of the help text, with what help says about it. A command's own file is loaded
 * only when the command runs: loading all of them takes longer than most commands take to run.
 */
export const commands: Readonly<Record<string, CommandEntry>> = {
  compare: {
    usage: "[options]",
    summary: "train a shallow and a deep network with each shortcut type, and show what the type changes",
    load: async () => (await import("./compare.ts")).registerCompare,
  },
  worker: {
    usage: "[options]",
    summary: "train runs that residua compare --queue has left to any machine, until it is stopped",
    load: async () => (await import("./worker.ts")).registerWorker,
  },
  train: {
    usage: "[options]",
    summary: "train a network; Ctrl-C leaves a checkpoint from which --resume continues exactly",
    load: async () => (await import("./train.ts")).loadTrain(),
  },
  evaluate: {
    usage: "[options]",
    summary: "measure a trained network's accuracy and loss on test images, or its segmentation of images with masks",
    load: async () => (await import("./evaluate.ts")).loadEvaluate(),
  },
  predict: {
    usage: "[options] <image...>",
    summary: "classify images, or find their cells, with a trained network",
    load: async () => (await import("./predict.ts")).loadPredict(),
  },
  segment: {
    usage: "[options] <image...>",
    summary: "segment images of any size into cells or classes, with a network trained with --task segment",
    load: async () => (await import("../tasks/segment.ts")).registerSegment,
  },
  plates: {
    usage: "[options] <image...>",
    summary:
      "find licence plates in pictures, straighten and read them; tables, overlays, explanations, blurred copies",
    load: async () => (await import("../tasks/plates/command.ts")).registerPlates,
  },
  runs: {
    usage: "",
    summary: "find, compare, tag, copy and export the runs of train and compare",
    load: async () => (await import("./runs.ts")).registerRuns,
  },
  tables: {
    usage: "",
    summary: "import tables from LeetCode's JSON or CSV into MySQL, PostgreSQL or SQLite, and export them",
    load: async () => (await import("./tables.ts")).registerTables,
  },
  studio: {
    usage: "[options]",
    summary:
      "learn what a shortcut is, and race networks, in pages that train them; on this machine or as a static site",
    load: async () => (await import("./studio.ts")).registerStudio,
  },
  serve: {
    usage: "[options] [model...]",
    summary: "answer requests over HTTP with trained networks: images, or tensors by the Open Inference Protocol",
    load: async () => (await import("./serve.ts")).registerServe,
  },
  audit: {
    usage: "",
    summary: "check that a server's audit log is whole, against a signed head that was kept elsewhere",
    load: async () => (await import("./audit.ts")).registerAudit,
  },
  devices: {
    usage: "[options]",
    summary: "list what can compute: the processor, graphics processors; what is missing, and what to do",
    load: async () => (await import("./devices.ts")).registerDevices,
  },
  models: {
    usage: "",
    summary: "list the networks known by name and their options, and the trained ones that are ready to use",
    load: async () => (await import("./models.ts")).registerModels,
  },
  "lr-find": {
    usage: "[options]",
    summary: "find a learning rate for a training: raise it step by step, and watch the loss",
    load: async () => (await import("./lr-find.ts")).loadLrFind(),
  },
  gradflow: {
    usage: "[options]",
    summary: "follow the gradient through every layer and block, at the start and during training",
    load: async () => (await import("./gradflow.ts")).registerGradflow,
  },
  lesion: {
    usage: "[options]",
    summary: "remove, swap and repeat blocks of a trained network, and measure what it can still do",
    load: async () => (await import("./lesion.ts")).registerLesion,
  },
  landscape: {
    usage: "[options]",
    summary: "map the loss around a trained network and along its training, as contours and a surface",
    load: async () => (await import("./landscape.ts")).registerLandscape,
  },
  advise: {
    usage: "[options] <model|file>",
    summary: "suggest better designs for a network's blocks, by rules with sources and by short measurements",
    load: async () => (await import("./advise.ts")).registerAdvise,
  },
  describe: {
    usage: "[options] <model|file>",
    summary: "show a network block by block: shapes, what each shortcut resolves to, what it costs",
    load: async () => (await import("./describe.ts")).registerDescribe,
  },
  inspect: {
    usage: "[options] <file>",
    summary: "identify the network and shortcut type of a weights file; exits with 0 only when it is certain",
    load: async () => (await import("./inspect.ts")).registerInspect,
  },
  export: {
    usage: "[options] <model|file>",
    summary: "export a network as ONNX, safetensors or a PyTorch state dict, with a model card",
    load: async () => (await import("./export.ts")).registerExport,
  },
  report: {
    usage: "[options] <file...>",
    summary: "write one page about a trained network; given pages of other commands, join them all into one",
    load: async () => (await import("./report.ts")).loadReport(),
  },
  data: {
    usage: "",
    summary: "list, fetch and draw data sets",
    load: async () => (await import("./data.ts")).loadData(),
  },
  forward: {
    usage: "[options] <model>",
    summary: "compute scores of images in evaluation mode, to check against PyTorch",
    load: async () => (await import("./forward-and-gradients.ts")).registerForward,
  },
  gradients: {
    usage: "[options] <model>",
    summary: "compute gradients of the mean cross-entropy, batch norm in training mode, to check against PyTorch",
    load: async () => (await import("./forward-and-gradients.ts")).registerGradients,
  },
  keys: {
    usage: "[options] <name>",
    summary: "create two key pairs, one to sign and verify, one (age) to seal and unseal; only you can read the files",
    load: async () => (await import("./keys.ts")).registerKeys,
  },
  sign: {
    usage: "[options] <file>",
    summary: "sign a file: a small file beside it records its hash, its origin and the signature",
    load: async () => (await import("./sign.ts")).registerSign,
  },
  verify: {
    usage: "[options] <file>",
    summary: "check a file against its signature; exits with 1 if any byte, the key or the statement differs",
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
      "decrypt an age file, or one sealed by an earlier version; leaves nothing of a file that was changed, truncated or sealed for another key",
    alias: "open",
    load: async () => (await import("./seal.ts")).registerSeal,
  },
};
