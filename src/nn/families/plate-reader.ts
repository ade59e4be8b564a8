import { float32 } from "../../tensor/tensor.ts";
import { basicBlock } from "../blocks/basic.ts";
import type { ModelFamily } from "../family.ts";
import { constantInitializer, uniformFanIn } from "../initialization.ts";
import { batchNorm, callInOrder, conv, relu, sequence } from "../layers.ts";
import { additiveOptionNames, type CompleteModelOptions, type ModelOptionName } from "../model-options.ts";
import { defineModule, type Initializer, type Module } from "../module.ts";
import { additiveShortcutTypes } from "../shortcuts/type.ts";

/** Rows and columns of the plates that the reader takes. */
const HEIGHT = 48;
const WIDTH = 144;
/** Rows and columns of its features: an eighth and a quarter. */
const ROWS = 6;
const COLUMNS = 36;
const PLACES = ROWS * COLUMNS;
/** Channels of the stages: at half the rows and columns, at a quarter, and at an eighth of the rows. */
const WIDTHS = [16, 40, 80] as const;

/** Moments of a slot's place that are among the scores: means of x, y, x² and y². */
const MOMENTS = 4;

/** Places of the features, 0 to 1 along both axes, and their squares. @shape `[PLACES, MOMENTS]` */
function placeMoments(): Float32Array {
  return Float32Array.from({ length: PLACES * MOMENTS }, (_, index) => {
    const place = Math.floor(index / MOMENTS);
    const x = ((place % COLUMNS) + 0.5) / COLUMNS;
    const y = (Math.floor(place / COLUMNS) + 0.5) / ROWS;
    return [x, y, x * x, y * y][index % MOMENTS];
  });
}

/** How sharply a slot looks at its place at first. */
const FOCUS = 60;

/** At first, slots look at places from left to right, the last one everywhere; training moves them to where characters are. */
function placeInitializer(slots: number): Initializer {
  return () =>
    Float32Array.from({ length: slots * PLACES }, (_, index) => {
      const slot = Math.floor(index / PLACES);
      const x = ((index % COLUMNS) + 0.5) / COLUMNS;
      return slot === slots - 1 ? 0 : -FOCUS * (x - (slot + 0.5) / (slots - 1)) ** 2;
    });
}

/**
 * Slots that each look at one place of the features: a map of scores for each slot, from the features by a 1×1 convolution and
 * from the place by a parameter, becomes shares by a softmax over all places; a slot's features are their weighted mean, and the
 * same two layers classify all slots. The moments of the shares tell where each slot looked.
 *
 * @shape `[N, channels, ROWS, COLUMNS]` → `[N, classes, slots]`, of which the last four classes are the moments
 * @source after Locatello et al. 2020, arXiv:2006.15055, with learnt, ordered slots and a single step
 */
function slotReader(
  channels: number,
  { slots, classes }: { readonly slots: number; readonly classes: number },
): Module {
  const kinds = classes - MOMENTS;
  const hidden = 2 * channels;
  const weight = (shape: readonly number[], fan: number) =>
    ({ shape, role: "weight", initialize: uniformFanIn(fan) }) as const;
  const offset = (shape: readonly number[]) => ({ shape, role: "bias", initialize: constantInitializer(0) }) as const;
  const parameters = {
    place: { shape: [1, slots, PLACES], role: "bias", initialize: placeInitializer(slots) } as const,
    identity: offset([1, slots, channels]),
    "hidden.weight": weight([channels, hidden], channels),
    "hidden.bias": offset([1, 1, hidden]),
    "classes.weight": weight([hidden, kinds], hidden),
    "classes.bias": offset([1, 1, kinds]),
  };
  const children = { look: conv(channels, slots, { kernel: 1 }) };
  return defineModule("SlotReader", { children, parameters }, (context, x) => {
    const { g, call, parameter } = context;
    const looks = g.op("Reshape", [call("look", x), g.ints([0, slots, PLACES])]);
    const shares = g.op("Softmax", [g.op("Add", [looks, parameter("place")])], { axis: 2 });
    const features = g.op("Transpose", [g.op("Reshape", [x, g.ints([0, channels, PLACES])])], { perm: [0, 2, 1] });
    const seen = g.op("Add", [g.op("MatMul", [shares, features]), parameter("identity")]);
    const inner = g.op("Add", [g.op("MatMul", [seen, parameter("hidden.weight")]), parameter("hidden.bias")]);
    const scores = g.op("Add", [
      g.op("MatMul", [g.op("Relu", [inner]), parameter("classes.weight")]),
      parameter("classes.bias"),
    ]);
    const moments = g.op("MatMul", [shares, g.constant(float32([PLACES, MOMENTS], placeMoments()))]);
    return g.op("Transpose", [g.op("Concat", [scores, moments], { axis: 2 })], { perm: [0, 2, 1] });
  });
}

/**
 * A residual network that reads a straightened licence plate: basic blocks, then a slot for each character and one for the
 * plate's colour.
 *
 * @shape `[N, channels, 48, 144]` → `[N, classes, slots]`
 */
function plateReader(options: CompleteModelOptions): Module {
  // Blocks here have no dilation.
  const { firstDilation: _, ...blocks } = options;
  const { channels, classes, width = 1, slots = 9 } = options;
  const [fine, middle, coarse] = WIDTHS.map((value) => Math.max(1, Math.round(value * width)));
  const stage = (inside: number, outside: number, stride: number): Module =>
    sequence([
      basicBlock(inside, outside, { ...blocks, stride }),
      basicBlock(outside, outside, { ...blocks, stride: 1 }),
    ]);
  const children = {
    conv1: conv(channels, fine, { kernel: 3, stride: 2, padding: 1 }),
    bn1: batchNorm(fine),
    relu: relu(),
    layer1: stage(fine, fine, 1),
    layer2: stage(fine, middle, 2),
    // Rows alone are halved: characters stand side by side.
    down: sequence([conv(middle, coarse, { kernel: 3, stride: [2, 1], padding: 1 }), batchNorm(coarse), relu()]),
    layer3: stage(coarse, coarse, 1),
    reader: slotReader(coarse, { slots, classes }),
  };
  const head = ["reader.classes.weight", "reader.classes.bias"];
  return defineModule("PlateReader", { children, facts: { head } }, (context, x) =>
    callInOrder(context, x, Object.keys(children)),
  );
}

const optionNames: readonly ModelOptionName[] = [...additiveOptionNames, "zeroInitResidual", "width", "slots"];

/** The reader of licence plates. */
export const plateReaderFamily: ModelFamily = {
  title: "Reader of licence plates: ResNet with slots",
  source: "Residua; slots after Locatello et al. 2020, arXiv:2006.15055",
  names: ["plate-reader"],
  forms: "plate-reader (licence plates, straightened)",
  find: (name) =>
    name === "plate-reader"
      ? {
          defaults: { shortcut: "project", channels: 3, classes: 82, slots: 9 },
          accepts: optionNames,
          shortcuts: additiveShortcutTypes,
          extents: [HEIGHT, WIDTH],
          build: plateReader,
        }
      : undefined,
};
