import { basicBlock, bottleneck } from "../../src/nn/blocks/index.ts";
import { type BlockCase, expectBlocks } from "../support/block-golden.ts";

interface Case extends BlockCase {
  readonly bottleneck: boolean;
}

expectBlocks<Case>("blocks", ({ bottleneck: deep, inChannels, width, stride, shortcut, options }) =>
  (deep ? bottleneck : basicBlock)(inChannels, width, { ...options, shortcut, stride }),
);
