import type { Node } from "../graph.ts";
import { readOlderInputs } from "./older.ts";
import type { NormalizeRule } from "./rewriting.ts";

/** Sizes were an attribute before version 13; from 18, an equal split gives the number of parts. */
const splitNode: NormalizeRule = (rewriting) => {
  const { outputs } = rewriting.node;
  const axis = rewriting.int("axis", 0);
  const attributes = { axis: { kind: "int", value: axis }, split: undefined } as const;
  const sizes = rewriting.opset < 13 ? rewriting.ints("split") : undefined;
  if (sizes !== undefined) {
    const inputs = [rewriting.input(0), rewriting.wholes(sizes)];
    return rewriting.keep({ inputs, attributes });
  }
  if (rewriting.optional(1) !== undefined || rewriting.opset >= 18) return rewriting.keep();
  return rewriting.keep({ attributes: { ...attributes, num_outputs: { kind: "int", value: outputs.length } } });
};

/** Version 18 can pad a subset of the axes; the internal form gives all. */
const pad: NormalizeRule = (rewriting) => {
  if (rewriting.text("mode", "constant") === "wrap")
    rewriting.refuse('has the mode "wrap", which version 18 does not have');
  const older = readOlderInputs(rewriting);
  if (older !== undefined || rewriting.optional(3) === undefined) return rewriting.keep(older);
  const rank = rewriting.type(0).shape.length;
  const axes = rewriting.numbers(3).map((axis) => (axis < 0 ? axis + rank : axis));
  const given = rewriting.numbers(1);
  if (given.length !== 2 * axes.length || axes.some((axis) => axis < 0 || axis >= rank)) {
    rewriting.refuse(`needs two pads for each of the axes ${axes.join(", ")} of ${rank}, got ${given.length}`);
  }
  const pads = Array.from({ length: 2 * rank }, () => 0);
  axes.forEach((axis, index) => {
    pads[axis] = given[index];
    pads[axis + rank] = given[index + axes.length];
  });
  const value = rewriting.optional(2);
  const inputs = [rewriting.input(0), rewriting.wholes(pads), ...(value === undefined ? [] : [value])];
  return rewriting.keep({ inputs });
};

/**
 * Channels to pixels and back: each is a reshape, a transpose and a reshape. In mode DCR the block's axes come before the
 * channels', in CRD (PyTorch's pixel shuffle) after.
 * @source Shi et al. 2016, arXiv:1609.05158; ONNX, DepthToSpace-13 and SpaceToDepth-13
 */
const exchangeDepth =
  (toSpace: boolean): NormalizeRule =>
  (rewriting) => {
    const block = rewriting.int("blocksize", 0);
    const [, ...extents] = rewriting.type(0).shape;
    if (extents.length !== 3 || extents.some((extent) => typeof extent !== "number"))
      rewriting.refuse("needs an input [N,C,H,W] whose C, H and W are known");
    const [C, H, W] = extents.map(Number);
    const fits = block > 0 && (toSpace ? C % block ** 2 === 0 : H % block === 0 && W % block === 0);
    if (!fits) rewriting.refuse(`has the block size ${block}, which does not divide [N,${C},${H},${W}]`);
    const mode = rewriting.text("mode", "DCR");
    if (mode !== "DCR" && mode !== "CRD") rewriting.refuse(`has the mode "${mode}"`);
    const depth = C / block ** 2;
    const [apart, perm, whole] = toSpace
      ? [
          mode === "DCR" ? [0, block, block, depth, H, W] : [0, depth, block, block, H, W],
          mode === "DCR" ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3],
          [0, depth, H * block, W * block],
        ]
      : [
          [0, C, H / block, block, W / block, block],
          [0, 3, 5, 1, 2, 4],
          [0, C * block ** 2, H / block, W / block],
        ];
    const split = rewriting.add("Reshape", [rewriting.input(0), rewriting.wholes(apart)]);
    const moved = rewriting.add("Transpose", [split], { perm });
    rewriting.finish("Reshape", [moved, rewriting.wholes(whole)]);
  };

/** The order of a Transpose's axes; all reversed if it gives none. */
function orderOf(node: Node, rank: number | undefined): readonly number[] | undefined {
  const perm = node.attributes.get("perm");
  if (perm?.kind === "ints") return perm.value.map(Number);
  return rank === undefined ? undefined : Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
}

/** Two transposes are one, or none: exporters put one on each side of every layer that wants its channels elsewhere. */
const transpose: NormalizeRule = (rewriting) => {
  const before = rewriting.maker(0);
  const rank = rewriting.knownType(0)?.shape.length;
  const [first, second] = [before, rewriting.node].map((node) => node && orderOf(node, rank));
  if (before?.op !== "Transpose" || first === undefined || second?.length !== first.length) return rewriting.keep();
  const perm = second.map((axis) => first[axis]);
  if (perm.every((axis, at) => axis === at)) return rewriting.replace(rewriting.node.outputs[0], before.inputs[0]);
  return rewriting.finish("Transpose", [before.inputs[0]], { perm });
};

/** Operators that move elements and changed between versions, or that others express. */
export const movementRules: Readonly<Record<string, NormalizeRule>> = {
  DepthToSpace: exchangeDepth(true),
  Pad: pad,
  SpaceToDepth: exchangeDepth(false),
  Split: splitNode,
  Transpose: transpose,
};
