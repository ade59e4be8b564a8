import { zipSync } from "fflate";
import * as hdf5 from "h5wasm";
import { beforeAll, expect, test } from "vitest";
import { randomStream } from "../tensor/random.ts";
import { sizeOf, type Shape } from "../tensor/shape.ts";
import { inspectWeights } from "./recognise/inspection.ts";
import { openWeights } from "./weights-file.ts";

// Files laid out as keras/src/saving/saving_lib.py of Keras 3 does it. No Keras was at hand: they are written by h5wasm.

interface Layer {
  readonly name: string;
  readonly kind: "Conv2D" | "BatchNormalization" | "Dense";
  readonly shapes: readonly Shape[];
}

const conv = (name: string, size: number, from: number, to: number): Layer => ({
  name: `${name}_conv`,
  kind: "Conv2D",
  shapes: [[size, size, from, to], [to]],
});
const norm = (name: string, channels: number): Layer => ({
  name: `${name}_bn`,
  kind: "BatchNormalization",
  shapes: [[channels], [channels], [channels], [channels]],
});

/** ResNet-50 with a sixteenth of its channels, in the order of keras.applications' `model.layers`. */
function resnet50(): readonly Layer[] {
  const layers = [conv("conv1", 7, 3, 4), norm("conv1", 4)];
  let from = 4;
  [3, 4, 6, 3].forEach((blocks, index) => {
    const width = 4 * 2 ** index;
    for (let block = 1; block <= blocks; block++) {
      const at = `conv${index + 2}_block${block}`;
      layers.push(conv(`${at}_1`, 1, from, width), norm(`${at}_1`, width));
      layers.push(conv(`${at}_2`, 3, width, width), norm(`${at}_2`, width));
      if (block > 1) layers.push(conv(`${at}_3`, 1, width, 4 * width), norm(`${at}_3`, 4 * width));
      else {
        layers.push(conv(`${at}_0`, 1, from, 4 * width), conv(`${at}_3`, 1, width, 4 * width));
        layers.push(norm(`${at}_0`, 4 * width), norm(`${at}_3`, 4 * width));
      }
      from = 4 * width;
    }
  });
  return [...layers, { name: "predictions", kind: "Dense", shapes: [[from, 5], [5]] }];
}

const bases = { BatchNormalization: "batch_normalization", Conv2D: "conv2d", Dense: "dense" } as const;
const valuesOf = (name: string, shape: Shape): Float32Array => {
  const stream = randomStream(3, name);
  return Float32Array.from({ length: sizeOf(shape) }, () => stream.normal());
};

let library: Awaited<typeof hdf5.ready>;
beforeAll(async () => {
  library = await hdf5.ready;
});

function writeWeights(layers: readonly Layer[], { named = false, inside = "" } = {}): Uint8Array {
  const file = new hdf5.File("/keras-3.h5", "w");
  const counts = new Map<string, number>();
  const root = `${inside}layers`;
  let path = "";
  for (const part of root.split("/")) file.create_group((path += `/${part}`));
  for (const { name, kind, shapes } of layers) {
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    const place = `/${root}/${bases[kind]}${count === 0 ? "" : `_${count}`}`;
    file.create_group(place);
    file.create_group(`${place}/vars`);
    const vars = file.get(`${place}/vars`) as hdf5.Group;
    if (named) vars.create_attribute("name", name);
    shapes.forEach((shape, index) =>
      vars.create_dataset({
        name: String(index),
        data: valuesOf(`${name}.${index}`, shape),
        shape: [...shape],
        dtype: "<f4",
      }),
    );
  }
  file.close();
  const bytes = library.FS.readFile("/keras-3.h5");
  library.FS.unlink("/keras-3.h5");
  return bytes;
}

const configured = (layers: readonly Layer[]): readonly object[] =>
  layers.map(({ name, kind }) => ({ class_name: kind, name, config: { name } }));

function archive(weights: Uint8Array, layers: readonly object[]): Uint8Array {
  const text = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  return zipSync({
    "metadata.json": text({ keras_version: "3.4.1" }),
    "config.json": text({ class_name: "Functional", config: { layers } }),
    "model.weights.h5": weights,
  });
}

const layers = resnet50();
const forms: readonly (readonly [string, string, () => Uint8Array])[] = [
  ["a .keras file names layers in its config", "m.keras", () => archive(writeWeights(layers), configured(layers))],
  ["weights name layers themselves", "m.weights.h5", () => writeWeights(layers, { named: true })],
  ["weights without names follow the order of layers", "m.weights.h5", () => writeWeights(layers)],
  [
    "a model within a model is found by its config",
    "m.keras",
    () =>
      archive(writeWeights(layers, { inside: "layers/functional/" }), [
        { class_name: "Functional", config: { name: "resnet50", layers: configured(layers) } },
      ]),
  ],
];

test.each(forms)("%s: ResNet-50 with its own numbers", async (_, name, make) => {
  const file = await openWeights(make(), name);
  expect(inspectWeights(file, name)).toMatchObject({ sure: true, title: "ResNet-50", structure: { classes: 5 } });
  for (const layer of ["conv2_block1_0", "conv2_block1_3", "conv4_block6_2"]) {
    expect(file.tensors.get(`${layer}_bn.running_var`)?.data).toEqual(
      valuesOf(`${layer}_bn.3`, file.tensors.get(`${layer}_bn.running_var`)!.shape),
    );
    // kernel[0, 0, 1, 0] is weight[0, 1, 0, 0].
    const { shape, data } = file.tensors.get(`${layer}_conv.weight`)!;
    const [to, from, height, width] = shape;
    const kernel = valuesOf(`${layer}_conv.0`, [height, width, from, to]);
    expect(data[height * width]).toBe(kernel[to]);
  }
});

test("layers in another number than a known network's keep their places, and the error says what helps", async () => {
  const file = await openWeights(writeWeights(layers.slice(0, 6)), "part.weights.h5");
  expect([...file.tensors.keys()]).toContain("conv2d_1.weight");
  expect(() => inspectWeights(file, "part.weights.h5")).toThrow(/no names of layers; give the \.keras file/);
});
