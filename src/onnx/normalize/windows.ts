import type { Attribute } from "../graph.ts";
import type { NormalizeRule, Rewriting } from "./rewriting.ts";

const ints = (value: readonly number[]): Attribute => ({ kind: "ints", value });

/** The window that an operator slides over the spatial axes, without its padding. */
interface Sliding {
  readonly extents: readonly (number | string)[];
  readonly strides: readonly number[];
  /** How far a window reaches: dilation · (kernel − 1) + 1. */
  readonly reaches: readonly number[];
}

function readWindow(rewriting: Rewriting, kernelInput?: number): Sliding {
  const extents = rewriting.type(0).shape.slice(2);
  const weight = kernelInput === undefined ? undefined : rewriting.type(kernelInput).shape.slice(2);
  const kernel = rewriting.ints("kernel_shape") ?? weight ?? rewriting.refuse("lacks kernel_shape");
  const dilations = rewriting.ints("dilations") ?? kernel.map(() => 1);
  const strides = rewriting.ints("strides") ?? kernel.map(() => 1);
  if ([kernel, dilations, strides].some((list) => list.length !== extents.length)) {
    rewriting.refuse(
      `needs an entry for each of ${extents.length} spatial axes in kernel_shape, strides and dilations`,
    );
  }
  const reaches = kernel.map((size, axis) =>
    typeof size === "number" ? dilations[axis] * (size - 1) + 1 : rewriting.refuse("has a weight of unknown shape"),
  );
  return { extents, strides, reaches };
}

/** The padding's two ends: of an odd total, the larger half goes to the end with SAME_UPPER, else to the beginning. */
function splitPads(totals: readonly number[], upper: boolean): readonly number[] {
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total, axis) => total - small[axis]);
  return upper ? [...small, ...large] : [...large, ...small];
}

/** The padding that gives ⌈extent / stride⌉ windows. */
function samePads(rewriting: Rewriting, { extents, strides, reaches }: Sliding): readonly number[] {
  return extents.map((extent, axis) => {
    const stride = strides[axis];
    if (stride === 1) return reaches[axis] - 1;
    if (typeof extent === "number")
      return Math.max((Math.ceil(extent / stride) - 1) * stride + reaches[axis] - extent, 0);
    return rewriting.refuse(`has auto_pad and strides, and so needs the open spatial extent "${extent}" as a number`);
  });
}

/** Whether the padding has to be computed. VALID, which is no padding, counts as given. */
function isAutomatic(rewriting: Rewriting): boolean {
  const mode = rewriting.text("auto_pad", "NOTSET");
  if (!["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"].includes(mode)) rewriting.refuse(`has the auto_pad "${mode}"`);
  return mode.startsWith("SAME");
}

/** Writes automatic padding as numbers. @param kernelInput the input whose shape is the kernel's, if any */
const withPads =
  (kernelInput?: number, alsoDropped: Readonly<Record<string, undefined>> = {}): NormalizeRule =>
  (rewriting) => {
    const settled = { auto_pad: undefined, ...alsoDropped };
    // With VALID, any given pads do not count.
    const valid = rewriting.text("auto_pad", "NOTSET") === "VALID" ? { pads: undefined } : {};
    if (!isAutomatic(rewriting)) return rewriting.keep({ attributes: { ...settled, ...valid } });
    const totals = samePads(rewriting, readWindow(rewriting, kernelInput));
    const pads = splitPads(totals, rewriting.text("auto_pad", "") === "SAME_UPPER");
    return rewriting.keep({ attributes: { ...settled, pads: ints(pads) } });
  };

/** Version 19 lets average pooling dilate; version 18 does not. */
const averagePool: NormalizeRule = (rewriting) => {
  const dilated = rewriting.ints("dilations")?.some((dilation) => dilation !== 1);
  if (dilated) rewriting.refuse("has dilations, which version 18 does not have");
  withPads(undefined, { dilations: undefined })(rewriting);
};

/**
 * Padding of a transposed convolution so that its output is as large as `output_shape`, or `extent · stride`:
 * total = stride · (extent − 1) + output_padding + reach − output.
 */
const convTranspose: NormalizeRule = (rewriting) => {
  const wanted = rewriting.ints("output_shape");
  const settled = { auto_pad: undefined, output_shape: undefined };
  if (wanted === undefined && !isAutomatic(rewriting)) {
    const valid = rewriting.text("auto_pad", "NOTSET") === "VALID" ? { pads: undefined } : {};
    return rewriting.keep({ attributes: { ...settled, ...valid } });
  }
  const { extents, strides, reaches } = readWindow(rewriting, 1);
  const more = rewriting.ints("output_padding") ?? extents.map(() => 0);
  const totals = extents.map((extent, axis) => {
    // With SAME, the extent cancels out.
    if (wanted === undefined) return more[axis] + reaches[axis] - strides[axis];
    const from =
      typeof extent === "number"
        ? extent
        : rewriting.refuse(`has output_shape, and so needs the open spatial extent "${extent}" as a number`);
    return strides[axis] * (from - 1) + more[axis] + reaches[axis] - wanted[wanted.length - extents.length + axis];
  });
  if (totals.some((total) => total < 0)) rewriting.refuse("asks for a larger output than its window reaches");
  const pads = splitPads(totals, rewriting.text("auto_pad", "") === "SAME_UPPER");
  return rewriting.keep({ attributes: { ...settled, pads: ints(pads) } });
};

/** Operators that slide a window: their padding becomes numbers. */
export const windowRules: Readonly<Record<string, NormalizeRule>> = {
  AveragePool: averagePool,
  Conv: withPads(1),
  ConvTranspose: convTranspose,
  MaxPool: withPads(),
};
