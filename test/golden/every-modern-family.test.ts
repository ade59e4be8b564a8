import { expectFamilies } from "../support/family-golden.ts";

expectFamilies("convnext");
expectFamilies("airbench");
expectFamilies("resnet-rs");
expectFamilies("regnet");
expectFamilies("res2net");
expectFamilies("resnest");
