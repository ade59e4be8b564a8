import { expect, test } from "vitest";
import { createBlockedLowering } from "../compile/blocked/lowering.ts";
import type { Lowering } from "../compile/lowering.ts";
import { portable } from "../compile/portable/lowering.ts";
import type { Attribute, Graph } from "../onnx/graph.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";
import { identifyGraph } from "./graph-identity.ts";

const type = { dtype: "float32", shape: [1] } as const;

function graphOf({
  attribute = { kind: "tensor", value: float32([1], [1]) } as Attribute,
  constant = float32([1], [2]) as Tensor,
}): Graph {
  return {
    name: "g",
    inputs: [{ name: "x", ...type }],
    outputs: [{ name: "y", ...type }],
    nodes: [
      {
        name: "n",
        op: "Some",
        domain: "",
        inputs: ["x", "c"],
        outputs: ["y"],
        attributes: new Map([["a", attribute]]),
      },
    ],
    initializers: new Map([["c", constant]]),
    types: new Map([["y", type]]),
  };
}

const identityOf = (graph: Graph, lowering: Lowering = portable): string =>
  String(identifyGraph(graph, lowering)?.map((piece) => [...piece].join()));

test("equal graphs are identified alike, others are not: by an attribute, a constant, or the lowering", () => {
  const plain = identityOf(graphOf({}));
  expect(identityOf(graphOf({}))).toBe(plain);
  const others = [
    identityOf(graphOf({ attribute: { kind: "tensor", value: float32([1], [1.0000001]) } })),
    identityOf(graphOf({ attribute: { kind: "float", value: 1 } })),
    identityOf(graphOf({ constant: float32([1], [3]) })),
    identityOf(graphOf({}), createBlockedLowering(8)),
    identityOf(graphOf({}), createBlockedLowering(16)),
  ];
  expect(new Set([plain, ...others]).size).toBe(others.length + 1);
});

test("a graph within the graph is not identified", () => {
  expect(identifyGraph(graphOf({ attribute: { kind: "graph", value: graphOf({}) } }), portable)).toBeUndefined();
});
