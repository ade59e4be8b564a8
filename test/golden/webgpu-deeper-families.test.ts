import { describe } from "vitest";
import { expectFamilies } from "../support/family-golden.ts";
import { hasAdapter } from "../support/software-adapter.ts";
import { webgpuTarget } from "../support/webgpu-target.ts";

describe.runIf(await hasAdapter())("in Node", () => {
  for (const family of ["resnet-rs", "regnet", "res2net", "resnest"])
    expectFamilies(family, { first: 1, targets: [webgpuTarget] });
});
