import { describe } from "vitest";
import { expectFamilies } from "../support/family-golden.ts";
import { hasAdapter } from "../support/software-adapter.ts";
import { webgpuTarget } from "../support/webgpu-target.ts";

// Those of more layers are in webgpu-deeper-families.test.ts.
describe.runIf(await hasAdapter())("in Node", () => {
  for (const family of ["convnext", "airbench", "fixup"]) expectFamilies(family, { first: 1, targets: [webgpuTarget] });
});
