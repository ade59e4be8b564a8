import { ShapeError } from "../../tensor/errors.ts";
import { type Dimension, formatShape, type SymbolicShape } from "../../tensor/shape.ts";

/** Attributes of an operator that slides a window over the spatial axes. Absent ones mean 1, or no padding. */
export interface WindowAttributes {
  readonly kernel_shape?: readonly number[];
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  /** All begins, then all ends. */
  readonly pads?: readonly number[];
  readonly auto_pad?: string;
}

/** A window with all attributes explicit, one entry per spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

/** Fills in ONNX's defaults. Automatic padding is resolved to numbers on import, so it is refused here. */
export function resolveWindow(where: string, attributes: WindowAttributes, kernel: readonly number[]): Window {
  if (attributes.auto_pad !== undefined && attributes.auto_pad !== "NOTSET" && attributes.auto_pad !== "VALID") {
    throw new ShapeError(where, `auto_pad "${attributes.auto_pad}" must be written as numbers in pads`);
  }
  const rank = kernel.length;
  const ones = kernel.map(() => 1);
  const pads = attributes.pads ?? [...kernel, ...kernel].map(() => 0);
  const window = {
    kernel,
    strides: attributes.strides ?? ones,
    dilations: attributes.dilations ?? ones,
    begins: pads.slice(0, rank),
    ends: pads.slice(rank),
  };
  if (Object.values(window).some((entries) => entries.length !== rank)) {
    throw new ShapeError(where, `strides, dilations and pads must have an entry for each of ${rank} spatial axes`);
  }
  const steps = [...window.kernel, ...window.strides, ...window.dilations];
  if (!steps.every((step) => Number.isInteger(step) && step > 0)) {
    throw new ShapeError(
      where,
      `kernel, strides and dilations must be whole numbers above 0, got ${formatShape(steps)}`,
    );
  }
  return window;
}

/** Number of positions of a window along one axis: ⌊(size + begin + end − dilation·(kernel−1) − 1) / stride⌋ + 1. */
export function windowCount(size: number, window: Window, axis: number, ceil = false): number {
  const reach = window.dilations[axis] * (window.kernel[axis] - 1) + 1;
  const room = size + window.begins[axis] + window.ends[axis] - reach;
  const stride = window.strides[axis];
  if (!ceil) return Math.floor(room / stride) + 1;
  const count = Math.ceil(room / stride) + 1;
  // A window that would start in the padding after the data is dropped, as in PyTorch and ONNX.
  return (count - 1) * stride >= size + window.begins[axis] ? count - 1 : count;
}

/** Longest name of an extent that is not known: each window makes it longer. */
const longestExtent = 400;

/**
 * The formula of {@link windowCount} for an extent that is open, as its name: paths that give equal extents, such as those of a
 * residual block, give equal names.
 */
function openCount(
  where: string,
  extent: string,
  { window, axis, ceil }: { readonly window: Window; readonly axis: number; readonly ceil: boolean },
): string {
  const reach = window.dilations[axis] * (window.kernel[axis] - 1) + 1;
  const room = window.begins[axis] + window.ends[axis] - reach;
  const stride = window.strides[axis];
  const plus = (value: number): string => (value === 0 ? "" : value > 0 ? `+${value}` : String(value));
  if (stride === 1) return extent + plus(room + 1);
  const rounded = ceil ? "ceil" : "floor";
  const name = `${rounded}((${extent}${plus(room)})/${stride})+1`;
  if (name.length <= longestExtent) return name;
  throw new ShapeError(where, `spatial extent "${extent}" must be known after so many layers`);
}

/** Spatial extents after the window; of an open one, its formula. @throws {ShapeError} if nothing is left */
export function windowedExtents(
  where: string,
  shape: SymbolicShape,
  window: Window,
  ceil = false,
): readonly Dimension[] {
  return shape.slice(2).map((extent, axis) => {
    if (typeof extent === "string") {
      return openCount(where, extent, { window, axis, ceil });
    }
    const count = windowCount(extent, window, axis, ceil);
    if (count > 0) return count;
    throw new ShapeError(
      where,
      `a window of ${formatShape(window.kernel)} does not fit into ${formatShape(shape)}; enlarge the input`,
    );
  });
}
