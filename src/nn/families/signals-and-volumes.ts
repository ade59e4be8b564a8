import type { ModelFamily, ModelPlan } from "../family.ts";
import type { CompleteModelOptions } from "../model-options.ts";
import type { Shape } from "../../tensor/shape.ts";
import { buildResnet, residualModel, type ResnetPlan } from "./resnet.ts";

/** Blocks per stage, as in 3D-ResNets-PyTorch, MedicalNet and MONAI. */
const stagesOf: Readonly<Record<number, Pick<ResnetPlan, "bottleneck" | "counts">>> = {
  10: { bottleneck: false, counts: [1, 1, 1, 1] },
  18: { bottleneck: false, counts: [2, 2, 2, 2] },
  34: { bottleneck: false, counts: [3, 4, 6, 3] },
  50: { bottleneck: true, counts: [3, 4, 6, 3] },
  101: { bottleneck: true, counts: [3, 4, 23, 3] },
  152: { bottleneck: true, counts: [3, 8, 36, 3] },
  200: { bottleneck: true, counts: [3, 24, 36, 3] },
};

const depths = Object.keys(stagesOf).map(Number);

/** What distinguishes networks for signals or volumes from those for images. */
interface SpatialPlan {
  readonly extents: Shape;
  readonly stemStride: number | readonly number[];
  readonly defaults: Partial<CompleteModelOptions>;
}

/** A ResNet whose convolutions have as many axes as there are extents; state-dict keys are torchvision's. */
function spatialModel(depth: number, { extents, stemStride, defaults }: SpatialPlan): ModelPlan {
  const build = (options: CompleteModelOptions) =>
    buildResnet(
      {
        ...stagesOf[depth],
        widths: [64, 128, 256, 512],
        stem: { kind: "7x7", width: 64 },
        settings: { dimensions: extents.length },
        stemStride,
      },
      options,
    );
  return { ...residualModel("imagenet", build, defaults), extents };
}

/**
 * ResNet with one-dimensional convolutions, for signals `[N, channels, length]`.
 * @source Wang et al. 2016, arXiv:1611.06455 (ResNet on time series); keys and stages as MONAI's `resnet18(spatial_dims=1)`
 */
export const signalFamily: ModelFamily = {
  title: "ResNet on signals",
  source: "Wang et al. 2016, arXiv:1611.06455; MONAI nets.resnet with spatial_dims=1",
  names: depths.map((depth) => `resnet${depth}-1d`),
  forms: "resnet10-1d, 18, 34, 50, 101, 152 or 200-1d (signals)",
  find: (name) => {
    const depth = Number(/^resnet(\d+)-1d$/.exec(name)?.[1]);
    if (!depths.includes(depth)) return undefined;
    return spatialModel(depth, { extents: [1024], stemStride: 2, defaults: { channels: 1, classes: 2 } });
  },
};

/** MedicalNet's weights were trained with shortcut A at these depths, with B at the others. */
const padDepths: readonly number[] = [18, 34];

/**
 * ResNet with three-dimensional convolutions, for volumes and clips `[N, channels, depth, H, W]`. The stem of
 * 3D-ResNets keeps the first axis, which is time; MedicalNet's halves all three, and its last two stages dilate instead
 * of striding. With `stemStride=1` and `projectionBias=true` it is MONAI's default.
 *
 * @source Hara et al. 2018, arXiv:1711.09577 (3D-ResNets-PyTorch); Chen et al. 2019, arXiv:1904.00625 (MedicalNet)
 */
export const volumeFamily: ModelFamily = {
  title: "ResNet on volumes",
  source: "Hara et al. 2018, arXiv:1711.09577; Chen et al. 2019, arXiv:1904.00625",
  names: [...depths.map((depth) => `resnet${depth}-3d`), ...depths.map((depth) => `medicalnet${depth}`)],
  forms: "resnet10-3d, 18, 34, 50, 101, 152 or 200-3d (volumes, clips); medicalnet10 to medicalnet200",
  find: (name) => {
    const [, plain, medical] = /^(?:resnet(\d+)-3d|medicalnet(\d+))$/.exec(name) ?? [];
    const depth = Number(plain ?? medical);
    if (!depths.includes(depth)) return undefined;
    if (plain !== undefined) {
      const clips = { channels: 3, classes: 400 };
      return spatialModel(depth, { extents: [16, 112, 112], stemStride: [1, 2, 2], defaults: clips });
    }
    const shortcut = padDepths.includes(depth) ? "pad" : "project";
    const dilated = { outputStride: 8, firstDilation: "stage" } as const;
    const defaults = { channels: 1, classes: 2, shortcut, ...dilated } as const;
    return spatialModel(depth, { extents: [56, 112, 112], stemStride: 2, defaults });
  },
};
