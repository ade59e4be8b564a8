import { portableChoices } from "../../src/compile/portable/choices.ts";
import { createPortableLowering } from "../../src/compile/portable/lowering.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import type { Target } from "./family-golden.ts";

/** WebGPU in Node, with graphs as they are lowered for it. */
export const webgpuTarget: Target = {
  name: "WebGPU",
  lowering: createPortableLowering(portableChoices.webgpu),
  runtime: createNodeRuntime("webgpu"),
};
