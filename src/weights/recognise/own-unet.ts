import type { ModelOptions } from "../../nn/model-options.ts";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** A network by name, with the options that its weights tell. */
export interface ToldNetwork {
  readonly name: string;
  readonly options: ModelOptions;
}

type Tensors = ReadonlyMap<string, Tensor>;

const extentOf = (tensors: Tensors, name: string, axis: number): number | undefined => tensors.get(name)?.shape[axis];

/** Which of its names only one shortcut type has; undefined if it may be a type with parameters of its own. */
function tellShortcut(tensors: Tensors, { kept, changed }: { readonly kept: string; readonly changed: string }) {
  const has = (block: string): boolean => tensors.has(`${block}.downsample.0.weight`);
  if (has(kept)) return "project-all" satisfies ShortcutType;
  if (has(changed)) return "project" satisfies ShortcutType;
  // Padding cannot take channels away, so the decoder's blocks have projections beside it.
  return (has("block0") ? "pad" : "plain") satisfies ShortcutType;
}

/** Classes of the last layer: its transposed convolution has the inputs first. */
function tellClasses(tensors: Tensors): number | undefined {
  const kernel = extentOf(tensors, "final.weight", 2);
  return extentOf(tensors, "final.weight", kernel === 1 ? 0 : 1);
}

const blocksOf: Readonly<Record<string, number>> = {
  "2,2,2,2,basic": 18,
  "3,4,6,3,basic": 34,
  "3,4,6,3,bottleneck": 50,
  "3,4,23,3,bottleneck": 101,
  "3,8,36,3,bottleneck": 152,
};

/** The depth of the encoder, whose names are torchvision's. */
function tellDepth(tensors: Tensors): number | undefined {
  const counts = [1, 2, 3, 4].map((stage) => {
    let count = 0;
    while (tensors.has(`layer${stage}.${count}.conv1.weight`)) count++;
    return count;
  });
  const block = tensors.has("layer1.0.conv3.weight") ? "bottleneck" : "basic";
  return blocksOf[`${counts.join(",")},${block}`];
}

function tellPlain(tensors: Tensors): ModelOptions {
  const halves = tensors.has("stem.0.weight");
  return {
    ...tellEnds(tensors, halves ? "stem.0.weight" : "down0.conv1.weight"),
    ...(halves ? { stemStride: 2 } : {}),
    // Only behind a stem does the first block keep its channels.
    shortcut: tellShortcut(tensors, { kept: halves ? "down0" : "", changed: "down1" }),
    ...(tensors.has("down0.se.fc1.weight") ? { attention: "se" } : {}),
  };
}

function tellEnds(tensors: Tensors, first: string): ModelOptions {
  const [stemWidth, channels] = [0, 1].map((axis) => extentOf(tensors, first, axis));
  const classes = tellClasses(tensors);
  return {
    ...(stemWidth === undefined ? {} : { stemWidth }),
    ...(channels === undefined ? {} : { channels }),
    ...(classes === undefined ? {} : { classes }),
  };
}

function tellEncoder(tensors: Tensors): ModelOptions {
  return {
    ...tellEnds(tensors, "conv1.weight"),
    shortcut: tellShortcut(tensors, { kept: "layer1.1", changed: "layer2.0" }),
    ...(tensors.has("layer1.0.se.fc1.weight") ? { attention: "se" } : {}),
  };
}

/**
 * A U-Net of Residua's by its own names, which no other system has, and the options that the shapes tell; undefined for
 * anything else. A file of weights alone, such as a PyTorch state dict, says nothing else of the network.
 */
export function tellUnet(tensors: Tensors): ToldNetwork | undefined {
  if (!["final.weight", "up0.weight", "block0.conv1.weight"].every((name) => tensors.has(name))) return undefined;
  const gates = tensors.has("gate0.psi.0.weight") ? "attention-" : "";
  if (tensors.has("down0.conv1.weight")) return { name: `${gates}resunet`, options: tellPlain(tensors) };
  const depth = tellDepth(tensors);
  return depth === undefined ? undefined : { name: `${gates}resnet${depth}-unet`, options: tellEncoder(tensors) };
}
