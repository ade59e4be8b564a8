import { createBlockedLowering } from "../compile/blocked/lowering.ts";
import type { Lowering } from "../compile/lowering.ts";
import { portable } from "../compile/portable/lowering.ts";
import { buildTrainingStep } from "../compile/step/steps.ts";
import { crossEntropy } from "../nn/losses.ts";
import type { NamedModel } from "../nn/models.ts";
import { probeBlockSize } from "../runtime/probe.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { defaultRecipe } from "../train/recipe.ts";
import { createOptimizer } from "../train/recipe-step.ts";
import { type Column, formatCount } from "./output.ts";

/** What one pass of a lowering does to a network's training step. */
export interface PassRow {
  readonly lowering: string;
  readonly pass: string;
  readonly nodesBefore: number;
  readonly nodesAfter: number;
}

/** What the passes of the lowerings do; their names are for people, and JSON has them in English. */
const chinesePasses: Readonly<Record<string, string>> = {
  "mask pooled gradients": "遮盖池化的梯度",
  "narrow labels": "收窄标签的类型",
  "write portably": "写成可移植的算子",
  "halve products": "以半精度计算乘积",
  "hoist factors": "提出公因子",
  "fuse sums": "融合求和",
  "match scalar ranks": "统一标量的阶",
  "write in blocks": "写成分块的算子",
};

/** The table of passes as it is printed. */
export const passColumns: readonly Column<PassRow>[] = [
  { title: "lowering", value: ({ lowering }) => lowering },
  { title: { en: "pass", zh: "遍" }, value: ({ pass }) => ({ en: pass, zh: chinesePasses[pass] ?? pass }) },
  {
    title: { en: "nodes before", zh: "之前的节点数" },
    value: ({ nodesBefore }) => formatCount(nodesBefore),
    align: "right",
  },
  { title: { en: "after", zh: "之后" }, value: ({ nodesAfter }) => formatCount(nodesAfter), align: "right" },
];

/** The lowerings for this machine, including the blocked one if the CPU has kernels for it. */
async function availableLowerings(): Promise<readonly Lowering[]> {
  const block = await probeBlockSize(createNodeRuntime());
  return block === undefined ? [portable] : [portable, createBlockedLowering(block)];
}

/** Lowers a network's training step and shows what each pass does, in the order in which they run. */
export async function describePasses({ module, imageShape }: NamedModel): Promise<readonly PassRow[]> {
  const { batch } = defaultRecipe;
  const optimizer = createOptimizer(defaultRecipe);
  const { graph } = buildTrainingStep({ module, imageShape, batch, loss: crossEntropy, optimizer });
  const rows: PassRow[] = [];
  for (const { name, blockSize, lower } of await availableLowerings()) {
    const lowering = blockSize === undefined ? name : `${name} ${blockSize}`;
    lower(graph, (pass, before, after) =>
      rows.push({ lowering, pass, nodesBefore: before.nodes.length, nodesAfter: after.nodes.length }),
    ).write();
  }
  return rows;
}
