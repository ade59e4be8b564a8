import { describe, expect, test } from "vitest";
import { describableGraph, describableModule } from "../../../networks/describe.ts";
import { decodeNetworkFile, type NetworkFile } from "../../../networks/file.ts";
import { initializeState } from "../../../nn/initialization.ts";
import type { ModelOptions } from "../../../nn/model-options.ts";
import { createModel } from "../../../nn/models.ts";
import { buildInference, toModel } from "../../../compile/inference.ts";
import { encodeModel } from "../../../onnx/encode.ts";
import { float32, type Tensor } from "../../../tensor/tensor.ts";
import { type Compared, compareNetworks } from "./compare-networks.ts";
import { measureDistance, relativeDistance } from "./compare-weights.ts";
import { viewGraph } from "./view-graph.ts";

const named = (name: string, options: ModelOptions = {}): Compared => {
  const { module, imageShape } = createModel(name, options);
  const prepared = describableModule(module, imageShape);
  return { prepared, view: { name, facts: [], ...viewGraph(prepared, name) } };
};

const fromFile = (name: string, network: NetworkFile): Compared => {
  const prepared = describableGraph(network);
  return { prepared, network, view: { name, facts: [], ...viewGraph(prepared, name) } };
};

/** A small network with its weights, changed. */
const weighted = (change: (name: string, tensor: Tensor<"float32">) => Tensor<"float32">): Compared => {
  const { name, options, module, imageShape } = createModel("resnet8", { shortcut: "project" });
  const state = new Map([...initializeState(module, 0)].map(([key, tensor]) => [key, change(key, tensor)]));
  return fromFile("weights", { kind: "network", model: { name, options }, imageShape, module, state });
};

const scaled = ({ shape, data }: Tensor<"float32">, by: number): Tensor<"float32"> =>
  float32(
    shape,
    data.map((value) => by * value),
  );

describe("places of two networks", () => {
  test("of one depth and another shortcut differ where shapes change, and nowhere else", () => {
    const { by, pairs } = compareNetworks(
      named("resnet20", { shortcut: "pad" }),
      named("resnet20", { shortcut: "project" }),
    );
    expect(by).toBe("names");
    expect(pairs).toHaveLength(12);
    expect(
      Object.fromEntries(
        pairs.flatMap(({ label, differences }) => (differences.length > 0 ? [[label, differences]] : [])),
      ),
    ).toEqual({
      "layer2.0": ["shortcut", "parameters", "multiplyAdds"],
      "layer3.0": ["shortcut", "parameters", "multiplyAdds"],
    });
  });

  test("of another depth: what the deeper one has besides is only in it", () => {
    const { pairs } = compareNetworks(named("resnet20"), named("resnet32"));
    const only = pairs.filter(({ first }) => first === undefined).map(({ label }) => label);
    expect(only).toEqual(["layer1.3", "layer1.4", "layer2.3", "layer2.4", "layer3.3", "layer3.4"]);
    expect(pairs.filter(({ second }) => second === undefined)).toEqual([]);
  });

  test("of a plain network: the layers of what is a block in the other are one place", () => {
    const { by, pairs } = compareNetworks(
      named("resnet20", { shortcut: "plain" }),
      named("resnet20", { shortcut: "pad" }),
    );
    expect(by).toBe("names");
    const differing = pairs.filter(({ differences }) => differences.length > 0);
    expect(differing).toHaveLength(9);
    for (const { first, second, differences } of differing) {
      expect(differences).toEqual(["shortcut"]);
      expect([first?.parameters, first?.boxes]).toEqual([second?.parameters, second?.boxes]);
    }
  });

  test("of another width are told by it, place by place", () => {
    const { pairs } = compareNetworks(named("wrn-16-4"), named("wrn-16-8"));
    const blocks = pairs.filter(({ first }) => first?.skip !== undefined);
    expect(blocks).toHaveLength(6);
    for (const { differences } of blocks) expect(differences).toContain("width");
  });

  test("whose names differ are matched by their layers; where those differ too, not at all", async () => {
    const { module, imageShape } = createModel("resnet20", { shortcut: "pad" });
    const graph = buildInference(module, imageShape, initializeState(module, 0));
    const nodes = graph.nodes.map((node, at) => ({ ...node, name: `node_${at}` }));
    const bytes = encodeModel(toModel({ ...graph, nodes }));
    const nameless = fromFile("nameless.onnx", await decodeNetworkFile(bytes, "nameless.onnx"));
    const { by, pairs } = compareNetworks(nameless, named("resnet20", { shortcut: "pad" }));
    expect(by).toBe("layers");
    expect(pairs.every(({ first, second }) => first !== undefined && second !== undefined)).toBe(true);
    expect(compareNetworks(named("resnet20"), named("densenet121"))).toMatchObject({ by: "nothing", pairs: [] });
  });
});

describe("weights", () => {
  test("that are three times as large have moved by two of their norms, those left alone not at all", () => {
    const first = weighted((_, tensor) => tensor);
    const second = weighted((name, tensor) => (name.startsWith("layer2.0.conv") ? scaled(tensor, 3) : tensor));
    const { pairs, moved } = compareNetworks(first, second);
    const found = new Map(pairs.map((pair) => [pair.label, pair.moved]));
    expect(found.get("layer1.0")).toBe(0);
    // Scales of batch norms and the shortcut stay.
    expect(found.get("layer2.0")).toBeGreaterThan(1);
    expect(found.get("layer2.0")).toBeLessThan(2);
    expect(moved).toMatchObject({ isFolded: false });
    expect(compareNetworks(first, first).moved).toEqual({ whole: 0, isFolded: false });
  });

  test("‖b − a‖ / ‖a‖ of (3, 4) and (3, 9) is 1; of other shapes it is nothing", () => {
    const [a, b] = [float32([2], [3, 4]), float32([2], [3, 9])];
    expect(relativeDistance(measureDistance([a], [b])!)).toBe(1);
    expect(measureDistance([a], [float32([1, 2], [3, 9])])).toBeUndefined();
    expect(measureDistance([], [])).toBeUndefined();
    expect(relativeDistance(measureDistance([float32([1], [0])], [float32([1], [1])])!)).toBe(Infinity);
  });

  test("of a network by its name are none, and said to be", () => {
    const { moved } = compareNetworks(
      weighted((_, tensor) => tensor),
      named("resnet8", { shortcut: "project" }),
    );
    expect(moved).toEqual({ why: expect.objectContaining({ en: expect.stringContaining("by its name") }) });
  });
});
