import { expectFamilies } from "../support/family-golden.ts";

// The other cases are in every-modern-family.test.ts.
expectFamilies("convnext", { first: 1 });
expectFamilies("airbench", { first: 1 });
expectFamilies("res2net", { first: 1 });
expectFamilies("resnest", { first: 1 });
