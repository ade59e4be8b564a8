import { depthOf, type Structure } from "./structure.ts";

/** The name in papers of a network of this structure: "ResNet-34", "ResNeXt-50 32x4d", "Wide ResNet-28-10". */
export function titleOf(structure: Structure): string {
  const depth = depthOf(structure);
  const { block, groups, preactivation, stages, stem, attention } = structure;
  const [first] = stages;
  const widening = first.width / stem.width;
  if (preactivation && stages.length === 3 && widening > 1) return `Wide ResNet-${depth}-${widening}`;
  if (block === "bottleneck" && groups > 1) return `ResNeXt-${depth} ${groups}x${first.width / groups}d`;
  const inner = block === "bottleneck" ? (4 * first.width) / first.channels : 1;
  if (inner > 1) return `Wide ResNet-${depth}-${inner}`;
  const name = attention === "se" ? "SE-ResNet" : preactivation ? "Pre-activation ResNet" : "ResNet";
  return `${name}-${depth}${stem.convolutions === 3 ? "-D" : ""}`;
}
