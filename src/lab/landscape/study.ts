import type { ComputedOn } from "../../runtime/computed-on.ts";

/**
 * Loss along one line: between −radius and radius of a filter-normalised direction. An error of NaN was not measured; a loss of
 * NaN may have been.
 */
export interface LossLine {
  readonly at: readonly number[];
  readonly loss: readonly number[];
  readonly error: readonly number[];
}

/** Loss on a plane; as on a line, an error of NaN was not measured. */
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

/** What a landscape comes to; left out is what a study that was stopped has not measured. */
export interface LandscapeSummary {
  /** At the network itself. */
  readonly loss?: number;
  /** Share of the plane where the loss is at most this above the network's own. */
  readonly flatShare?: number;
  /** How far one has to go along the line, to the nearer side, for the loss to rise so much; undefined if it never does. */
  readonly reach?: number;
  readonly sentences: readonly Sentence[];
}

interface Sentence {
  readonly en: string;
  readonly zh: string;
}

/** What counts as near the bottom. */
const RISE = 0.5;

const digits = (value: number): string => String(Number(value.toPrecision(3)));

/** What was measured of some points, and how many there are. */
interface Part {
  readonly points: number;
  readonly losses: readonly number[];
}

/** A loss may be anything where it was measured, an error is a number. */
function partOf(losses: readonly number[], errors: readonly number[]): Part {
  return { points: losses.length, losses: losses.filter((_, index) => !Number.isNaN(errors[index])) };
}

const isWhole = ({ points, losses }: Part): boolean => losses.length === points;

/** How much of a part is there, where not all of it is. */
function describeGap(part: Part, name: Sentence): readonly Sentence[] {
  if (isWhole(part)) return [];
  const { losses, points } = part;
  return [
    {
      en: `Of the ${name.en}, ${losses.length} of ${points} points were measured: too early to tell.`,
      zh: `${name.zh}上的 ${points} 个点已测 ${losses.length} 个，尚无结论。`,
    },
  ];
}

/** Sums up a landscape in figures and sentences. */
export function summarizeLandscape({ label, line, plane, radius, trajectory }: LandscapeStudy): LandscapeSummary {
  const middle = line.at.findIndex((at) => Math.abs(at) < 1e-9);
  const isKnown = middle >= 0 && !Number.isNaN(line.error[middle]);
  const loss = isKnown ? line.loss[middle] : undefined;
  const [onLine, onPlane] = [partOf(line.loss, line.error), partOf(plane.loss.flat(), plane.error.flat())];
  const gaps = [
    ...describeGap(onLine, { en: "line", zh: "直线" }),
    ...describeGap(onPlane, { en: "plane", zh: "平面" }),
  ];
  const path = trajectory === undefined ? [] : [describePath(trajectory)];
  if (loss === undefined) return { sentences: [...gaps, ...path] };
  if (!Number.isFinite(loss)) {
    const none = {
      en: `The loss of ${label} is not a finite number: nothing around it can be said to be higher.`,
      zh: `${label} 的损失不是有限数值：无法说明周围是否更高。`,
    };
    return { loss, sentences: [none, ...gaps, ...path] };
  }
  // A loss that is not finite has left every bound.
  const isRisen = (value: number): boolean => !(value <= loss + RISE);
  const flatShare = isWhole(onPlane)
    ? onPlane.losses.filter((value) => !isRisen(value)).length / Math.max(1, onPlane.points)
    : undefined;
  const reaches = isWhole(onLine) ? line.at.filter((_, index) => isRisen(line.loss[index])).map(Math.abs) : [];
  const reach = reaches.length === 0 ? undefined : Math.min(...reaches);
  return {
    loss,
    ...(flatShare === undefined ? {} : { flatShare }),
    ...(reach === undefined ? {} : { reach }),
    sentences: [
      describeBottom(label, { loss, flatShare, radius }),
      ...(isWhole(onLine) ? [describeReach(reach)] : []),
      ...gaps,
      ...path,
    ],
  };
}

/** The loss of the network itself, and how flat the plane around it is. */
function describeBottom(
  label: string,
  {
    loss,
    flatShare,
    radius,
  }: { readonly loss: number; readonly flatShare: number | undefined; readonly radius: number },
): Sentence {
  const own = { en: `${label} has loss ${digits(loss)}.`, zh: `${label} 的损失为 ${digits(loss)}。` };
  if (flatShare === undefined) return own;
  const share = `${(100 * flatShare).toFixed(0)} %`;
  return {
    en: `${own.en} The plane around it changes each filter by up to ${digits(radius)} times the filter's norm in each direction; on ${share} of it, the loss is at most ${RISE} higher.`,
    zh: `${own.zh}周围的平面在每个方向上把每个滤波器最多改变其自身大小的 ${digits(radius)} 倍；其中 ${share} 的区域损失增幅不超过 ${RISE}。`,
  };
}

function describeReach(reach: number | undefined): Sentence {
  return reach === undefined
    ? { en: `Along the line, the loss never rises by ${RISE}.`, zh: `沿直线损失从未上升 ${RISE}。` }
    : {
        en: `Along the line, the loss has risen by ${RISE} at ${digits(reach)} times each filter's norm.`,
        zh: `沿直线在每个滤波器大小的 ${digits(reach)} 倍处，损失上升了 ${RISE}。`,
      };
}

function describePath({ shares }: TrajectoryView): Sentence {
  const [x, y] = shares.map((part) => `${(100 * part).toFixed(0)} %`);
  return {
    en: `The two principal directions contain ${x} and ${y} of the training path.`,
    zh: `两个主方向分别包含训练轨迹的 ${x} 和 ${y}。`,
  };
}
