import { expect, test } from "vitest";
import type { ModelOptions } from "../nn/model-options.ts";
import { createModel } from "../nn/models.ts";
import { buffersOf, parametersOf } from "../nn/module.ts";
import { sameShape, sizeOf } from "../tensor/shape.ts";
import { bytesOf, float32, type Tensor } from "../tensor/tensor.ts";
import { familyLayouts } from "../weights/layouts/families.ts";
import { createNameTable } from "../weights/layouts/names.ts";
import { encodePytorch } from "../weights/pytorch/write.ts";
import { encodeSafetensors } from "../weights/safetensors/safetensors.ts";
import { openWeights, type WeightsFile } from "../weights/weights-file.ts";
import { reportWeights } from "./inspect.ts";
import { loadWeights } from "./load-weights.ts";

/** Weights of which each holds a number of its own, so that none can stand for another. */
function stateOf(name: string, options: ModelOptions = {}): ReadonlyMap<string, Tensor<"float32">> {
  const { module } = createModel(name, { classes: 5, ...options });
  const specs = [...parametersOf(module), ...buffersOf(module)];
  return new Map(
    specs.map(([key, { shape }], index) => [key, float32(shape, new Float32Array(sizeOf(shape)).fill(index))]),
  );
}

/** Names whose shapes or bytes differ, or that one side lacks. */
function differing(a: ReadonlyMap<string, Tensor>, b: ReadonlyMap<string, Tensor>): readonly string[] {
  return [...a.keys()].filter((name) => {
    const [one, other] = [a.get(name)!, b.get(name)];
    return (
      other === undefined || !sameShape(one.shape, other.shape) || !Buffer.from(bytesOf(one)).equals(bytesOf(other))
    );
  });
}

const asFile = (tensors: ReadonlyMap<string, Tensor>): WeightsFile => ({
  tensors,
  origin: { format: "PyTorch", entry: [], prefix: "", notes: {} },
});

/** The smallest network of each family, and variants of it. */
const networks: readonly (readonly [string, ModelOptions])[] = [
  ["convnext_atto", {}],
  ["convnext_atto", { channels: 1, layerScale: "scalar" }],
  ["convnext_atto", { layerScale: "none" }],
  ["convnext_atto", { shortcut: "project-all" }],
  ["resnetrs50", { channels: 1 }],
  ["resnetrs50", { shortcut: "project-all" }],
  ["regnetx_002", { channels: 1 }],
  ["regnety_002", { layerScale: "channel" }],
  ["regnet_y_400mf", { shortcut: "project-all" }],
  ["res2net50_26w_4s", { channels: 1, attention: "se" }],
  ["resnest14d", { channels: 1 }],
  ["resnest26d", { shortcut: "gated" }],
  ["airbench94", { channels: 1 }],
  ["airbench94", { shortcut: "project-all" }],
  ["airbench96", { layerScale: "channel" }],
];

test.each(networks)("%s with %j: its own names are written, told and read again", async (name, options) => {
  const state = stateOf(name, options);
  for (const bytes of [encodePytorch(state), encodeSafetensors(state)]) {
    const file = await openWeights(bytes, "w");
    const { model, state: read, left } = loadWeights(file, "w");
    expect([model.name, left, read.size]).toEqual([name, [], state.size]);
    expect(model.options).toMatchObject({ classes: 5, ...options });
    expect(differing(read, state)).toEqual([]);
    expect(reportWeights(file, "w")).toMatchObject({ sure: true, classes: 5, model: { name } });
  }
});

/** A published file's shapes where they are not Residua's: a factor per channel is a vector, small networks' layers are 1×1. */
function asPublished(name: string, tensor: Tensor): Tensor {
  if (name.endsWith("gamma")) return { ...tensor, shape: [tensor.shape[0]] };
  return /mlp\.fc\d\.weight$/.test(name) ? { ...tensor, shape: [...tensor.shape, 1, 1] } : tensor;
}

test.each(familyLayouts)(
  "weights under the names of $name ($family.title) are told and renamed",
  ({ names, family }) => {
    const [name] = family.names;
    const state = stateOf(name);
    const table = createNameTable(names);
    const theirs = new Map(
      Array.from(state, ([own, tensor]): [string, Tensor] => {
        const other = table.toTheirs(own) ?? "";
        return [`module.${other}`, asPublished(other, tensor)];
      }),
    );
    expect([theirs.size, theirs.has("module.")]).toEqual([state.size, false]);
    const { model, state: read } = loadWeights(asFile(theirs), "w");
    expect([model.name, differing(read, state)]).toEqual([name, []]);
  },
);

/** Two networks of each family with the same names, and one of another. */
test.each([
  ["convnext_femto", "convnext_atto", "resnet50"],
  ["resnetrs50", "resnetrs101", "seresnet50"],
  ["regnet_x_400mf", "regnetx_004", "regnet_y_400mf", "resnet50"],
  ["res2net50_26w_4s", "res2net50_14w_8s", "resnet50"],
  ["resnest14d", "resnest26d", "resnet50d"],
  ["airbench95", "airbench94", "resnet20"],
])("weights of %s are no sibling's", (name, ...others) => {
  const file = asFile(stateOf(name));
  for (const other of others)
    expect(() => loadWeights(file, "w", { name: other })).toThrow(`w: holds the weights of ${name}, not of ${other}`);
});

test("weights of a network with two names have the one that is asked for", () => {
  const file = asFile(stateOf("regnetx_008"));
  expect(loadWeights(file, "w").model.name).toBe("regnet_x_800mf");
  expect(loadWeights(file, "w", { name: "regnetx_008" }).model.name).toBe("regnetx_008");
});

test.each([
  ["resnet20", { norm: "fixup" }],
  ["resnet20", { norm: "fixup", shortcut: "pad" }],
  ["resnet18", { norm: "none", layerScale: "scalar" }],
  ["resnetv2_20", { norm: "none", layerScale: "scalar" }],
] as const)("weights of %s with %j are read under that name and with these options alone", (name, options) => {
  const state = stateOf(name, options);
  const { state: read } = loadWeights(asFile(state), "w", { name, options });
  expect([read.size, differing(read, state)]).toEqual([state.size, []]);
  for (const request of [{}, { name }]) expect(() => loadWeights(asFile(state), "w", request)).toThrow(/^w: [^\n]+$/);
});

test("weights without the classifier are told, and loaded as a part alone", () => {
  const whole = stateOf("convnext_atto", { classes: 1000 });
  const file = asFile(new Map([...whole].filter(([name]) => !name.startsWith("classifier.2"))));
  expect(() => loadWeights(file, "w")).toThrow(/missing "classifier\.2\.weight".*`partial`/);
  const { state, difference } = loadWeights(file, "w", { partial: true });
  expect(difference.missing).toEqual(["classifier.2.weight", "classifier.2.bias"]);
  expect(differing(new Map([...whole].filter(([name]) => !name.startsWith("classifier.2"))), state)).toEqual([]);
});

test("weights of no member of the family are refused in one line", () => {
  const state = new Map<string, Tensor>(stateOf("convnext_atto"));
  state.set("features.1.0.block.2.weight", float32([41], new Float32Array(41)));
  expect(() => loadWeights(asFile(state), "w")).toThrow(/^w: matches no known residual network/);
});
