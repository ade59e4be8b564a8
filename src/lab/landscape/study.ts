import type { ComputedOn } from "../../runtime/computed-on.ts";
/** Loss along one line: between −radius and radius of a filter-normalised direction. */
export interface LossLine {
  readonly at: readonly number[];
  readonly loss: readonly number[];
  readonly error: readonly number[];
}

/** Loss on a plane; NaN where it was not measured. */
export interface LossPlane {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  /** `loss[index of y][index of x]` */
  readonly loss: readonly (readonly number[])[];
  readonly error: readonly (readonly number[])[];
}

/** A plane that holds most of a training's way, with the way. */
export interface TrajectoryView extends LossPlane {
  readonly path: readonly { readonly x: number; readonly y: number; readonly step: string }[];
  /** Share of the way's squared length along each axis. */
  readonly shares: readonly [number, number];
}

/** The landscape around one network. */
export interface LandscapeStudy extends ComputedOn {
  readonly label: string;
  readonly data: string;
  readonly images: number;
  readonly seed: number;
  readonly radius: number;
  readonly status: "done" | "stopped";
  readonly line: LossLine;
  readonly plane: LossPlane;
  readonly trajectory?: TrajectoryView;
}

/** What a landscape comes to. */
export interface LandscapeSummary {
  /** At the network itself. */
  readonly loss: number;
  /** Share of the plane where the loss is less than this above the network's own. */
  readonly flatShare: number;
  /** How far one has to go along the line, to the nearer side, for the loss to rise so much; undefined if it never does. */
  readonly reach?: number;
  readonly sentences: readonly { readonly en: string; readonly zh: string }[];
}

/** What counts as near the bottom. */
const RISE = 0.5;

const digits = (value: number): string => String(Number(value.toPrecision(3)));

/** Sums up a landscape in figures and sentences. */
export function summarizeLandscape({ label, line, plane, radius, trajectory }: LandscapeStudy): LandscapeSummary {
  const middle = line.at.findIndex((at) => Math.abs(at) < 1e-9);
  const loss = line.loss[middle] ?? Number.NaN;
  const reaches = line.at.filter((_, index) => line.loss[index] > loss + RISE).map(Math.abs);
  const reach = reaches.length === 0 ? undefined : Math.min(...reaches);
  const measured = plane.loss.flat().filter((value) => !Number.isNaN(value));
  const flatShare = measured.filter((value) => value < loss + RISE).length / Math.max(1, measured.length);
  const share = `${(100 * flatShare).toFixed(0)} %`;
  const sentences = [
    {
      en: `${label} has loss ${digits(loss)}. The plane around it changes each filter by up to ${digits(radius)} times the filter's norm in each direction; on ${share} of it, the loss is at most ${RISE} higher.`,
      zh: `${label} 的损失为 ${digits(loss)}。周围的平面在每个方向上把每个滤波器最多改变其自身大小的 ${digits(radius)} 倍；其中 ${share} 的区域损失增幅不超过 ${RISE}。`,
    },
    reach === undefined
      ? { en: `Along the line, the loss never rises by ${RISE}.`, zh: `沿直线损失从未上升 ${RISE}。` }
      : {
          en: `Along the line, the loss has risen by ${RISE} at ${digits(reach)} times each filter's norm.`,
          zh: `沿直线在每个滤波器大小的 ${digits(reach)} 倍处，损失上升了 ${RISE}。`,
        },
  ];
  if (trajectory !== undefined) {
    const [x, y] = trajectory.shares.map((part) => `${(100 * part).toFixed(0)} %`);
    sentences.push({
      en: `The two principal directions contain ${x} and ${y} of the training path.`,
      zh: `两个主方向分别包含训练轨迹的 ${x} 和 ${y}。`,
    });
  }
  return { loss, flatShare, ...(reach === undefined ? {} : { reach }), sentences };
}
