import { expectFamilies } from "../support/family-golden.ts";

expectFamilies("fixup");
