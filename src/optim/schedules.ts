import { OptionError } from "../tensor/errors.ts";

/** The learning rate at a step; steps count from 0. */
export type Schedule = (step: number) => number;

/** A constant rate. */
export function constantRate(rate: number): Schedule {
  return () => rate;
}

/**
 * Multiplies the rate by `factor` at each of `milestones` (steps).
 * @source `torch.optim.lr_scheduler.MultiStepLR`
 */
export function stepDecay(rate: number, milestones: readonly number[], factor = 0.1): Schedule {
  return (step) => rate * factor ** milestones.filter((milestone) => step >= milestone).length;
}

/**
 * Falls from `rate` to 0 in equal steps over `steps`.
 * @source `torch.optim.lr_scheduler.LinearLR`, from a factor of 1 to 0
 */
export function linearDecay(rate: number, steps: number): Schedule {
  return (step) => rate * (1 - Math.min(step, steps) / steps);
}

/**
 * Falls from `rate` to `minimum` along half a cosine over `steps`.
 * @source Loshchilov and Hutter 2017, arXiv:1608.03983; `torch.optim.lr_scheduler.CosineAnnealingLR`
 */
export function cosine(rate: number, steps: number, minimum = 0): Schedule {
  return (step) => minimum + ((rate - minimum) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
}

/** Options of the one-cycle schedule; the defaults are PyTorch's. */
export interface OneCycleOptions {
  /** Share of the steps during which the rate rises. */
  readonly rise?: number;
  /** The first rate is the peak divided by this. */
  readonly startDivisor?: number;
  /** The last rate is the first divided by this. */
  readonly endDivisor?: number;
}

/**
 * Rises to `peak` and falls to almost nothing, both along half a cosine.
 * @source Smith and Topin 2018, arXiv:1708.07120; `torch.optim.lr_scheduler.OneCycleLR`
 */
export function oneCycle(peak: number, steps: number, options: OneCycleOptions = {}): Schedule {
  const { rise = 0.3, startDivisor = 25, endDivisor = 1e4 } = options;
  const start = peak / startDivisor;
  const end = start / endDivisor;
  const top = rise * steps - 1;
  const last = steps - 1;
  const between = (from: number, to: number, share: number): number =>
    to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
  return (step) => {
    const place = Math.min(step, last);
    if (place <= top) return between(start, peak, top <= 0 ? 1 : place / top);
    return between(peak, end, last === top ? 1 : (place - top) / (last - top));
  };
}

/** Rises linearly from almost nothing over the first `warmupSteps`, then follows `schedule` from its start. */
export function withWarmup(schedule: Schedule, warmupSteps: number): Schedule {
  return (step) => (step < warmupSteps ? (schedule(0) * (step + 1)) / (warmupSteps + 1) : schedule(step - warmupSteps));
}

/** Names of the schedules, as recipes have them. */
export type ScheduleName = "constant" | "step" | "linear" | "cosine" | "one-cycle";

/** All schedules. */
export const scheduleNames: readonly ScheduleName[] = ["constant", "step", "linear", "cosine", "one-cycle"];

/**
 * A schedule by its name over a whole training; "step" falls at half and at three quarters, as He et al. 2015 do.
 * @throws {OptionError} if a number is out of its range
 */
export function createSchedule(name: ScheduleName, rate: number, steps: number, warmupSteps = 0): Schedule {
  if (!(rate > 0 && Number.isFinite(rate))) throw new OptionError("learningRate", `must be above 0, got ${rate}`);
  const rest = Math.max(1, steps - warmupSteps);
  const schedules: { readonly [Name in ScheduleName]: () => Schedule } = {
    constant: () => constantRate(rate),
    step: () => stepDecay(rate, [Math.floor(rest / 2), Math.floor((rest * 3) / 4)]),
    linear: () => linearDecay(rate, rest),
    cosine: () => cosine(rate, rest),
    "one-cycle": () => oneCycle(rate, rest),
  };
  const schedule = schedules[name]();
  return warmupSteps > 0 ? withWarmup(schedule, warmupSteps) : schedule;
}
