import { expect, test } from "vitest";
import { addForward } from "../nn/forward.ts";
import { createModel } from "../nn/models.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import { findBlocks } from "./blocks.ts";

test.each([
  ["plain", undefined],
  ["pad", "layer2.act"],
  ["project-all", "layer2.block.downsample.1"],
  ["dropout", "layer2.act"],
  ["gated", "layer2.act"],
  ["gated-shortcut", "layer2.block"],
  ["scaled", "layer2.block"],
] as const)(
  "with shortcut %s, the parts of a block of one layer are found before an activation of one node and of several",
  (shortcut, skip) => {
    for (const activation of ["relu", "gelu"] as const) {
      const { module, imageShape } = createModel("airbench94", { shortcut, activation, width: 0.125 });
      const g = createGraphBuilder("blocks");
      const images = g.input("images", "float32", [2, ...imageShape]);
      const { [1]: block } = findBlocks(g, addForward(g, module, images, { mode: "evaluate" }), images);
      const makerOf = (value: string | undefined): string | undefined =>
        value?.slice(0, Math.max(0, value.lastIndexOf("/")));
      expect([block.name, makerOf(block.input), makerOf(block.output)]).toEqual([
        "layer2.block",
        "layer2.act",
        "layer2.block",
      ]);
      // (1 − g)·x + g·F is added as x + g·(F − x).
      expect(makerOf(block.residual)).toBe(shortcut === "gated" ? "layer2.block" : "layer2.block.bn1");
      expect([block.join, makerOf(block.shortcut)]).toEqual([shortcut === "plain" ? undefined : "add", skip]);
    }
  },
);
