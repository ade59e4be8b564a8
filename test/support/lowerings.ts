import { createBlockedLowering } from "../../src/compile/blocked/lowering.ts";
import type { Lowering } from "../../src/compile/lowering.ts";
import { portable } from "../../src/compile/portable/lowering.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { probeBlockSize } from "../../src/runtime/probe.ts";

const block = await probeBlockSize(createNodeRuntime());

/** Every lowering of a training graph that this machine has; each must give PyTorch's numbers. */
export const lowerings: readonly Lowering[] =
  block === undefined ? [portable] : [portable, createBlockedLowering(block)];
