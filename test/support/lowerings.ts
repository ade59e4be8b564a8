import type { Lowering } from "../../src/compile/lowering.ts";
import { portable } from "../../src/compile/portable/lowering.ts";

/** Every lowering of a training graph; each must give PyTorch's numbers. */
export const lowerings: readonly Lowering[] = [portable];
