import { OptionError } from "../../tensor/errors.ts";
import { constantInitializer } from "../initialization.ts";
import { defineModule, type Module } from "../module.ts";

/** A learnable factor λ on F in y = act(λ·F(x) + S(x)): none, one per block, or one per channel. */
export type LayerScale = "none" | "scalar" | "channel";

export const layerScales: readonly LayerScale[] = ["none", "scalar", "channel"];

/**
 * What λ starts at where nothing else is said: ReZero and SkipInit start at 0, so that a block starts as its shortcut; LayerScale
 * starts at 10⁻⁶, its value for the deepest networks and ConvNeXt's.
 *
 * @source Bachlechner et al. 2020, arXiv:2003.04887, equation 2; De and Smith 2020, arXiv:2002.10444, section 4; Touvron et al.
 *   2021, arXiv:2103.17239, section 2; Liu et al. 2022, arXiv:2201.03545, appendix A
 */
export const layerScaleStarts: { readonly [Kind in Exclude<LayerScale, "none">]: number } = {
  scalar: 0,
  channel: 1e-6,
};

/** Options of the factor, as blocks take them. */
export interface LayerScaleOptions {
  /** Default "none". */
  readonly layerScale?: LayerScale;
  /** What λ starts at. Default {@link layerScaleStarts}. */
  readonly layerScaleInit?: number;
}

/**
 * Multiplies a residual by a parameter, `gamma` as in timm. Usual weight decay spares it, like batch norm's.
 *
 * @shape `[N, channels, …]` → `[N, channels, …]`
 */
export function layerScale(
  kind: Exclude<LayerScale, "none">,
  channels: number,
  { start = layerScaleStarts[kind], dimensions = 2 }: { readonly start?: number; readonly dimensions?: number } = {},
): Module {
  const shape = kind === "scalar" ? [1] : [channels];
  const gamma = { shape, role: "norm", initialize: constantInitializer(start) } as const;
  const along = [1, shape[0], ...Array.from({ length: dimensions }, () => 1)];
  return defineModule("LayerScale", { parameters: { gamma } }, ({ g, parameter }, x) =>
    g.op("Mul", [x, g.op("Reshape", [parameter("gamma"), g.ints(along)])]),
  );
}

/**
 * Refuses options of the factor that do nothing, or that keep a network from learning.
 * @throws {OptionError} naming the option
 */
export function requireLayerScale({
  shortcut,
  layerScale: kind = "none",
  layerScaleInit,
  zeroInitResidual = false,
}: LayerScaleOptions & { readonly shortcut: string; readonly zeroInitResidual?: boolean }): void {
  if (kind === "none") {
    if (layerScaleInit === undefined) return;
    throw new OptionError("layerScaleInit", 'applies only with "layerScale" of scalar or channel');
  }
  if (shortcut === "plain")
    throw new OptionError(
      "layerScale",
      'needs a shortcut: with plain, y = act(λ·F(x)) would start at nothing; give "none" with plain',
    );
  if (zeroInitResidual && (layerScaleInit ?? layerScaleStarts[kind]) === 0)
    throw new OptionError(
      "layerScale",
      "starts at 0, and so does zeroInitResidual: neither would ever get a gradient; use one of them",
    );
}
