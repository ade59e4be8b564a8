import type { ParameterGroup } from "../compile/step/update.ts";
import { planFreezeOut } from "./freeze-out.ts";
import type { Recipe } from "./recipe.ts";

/** A part of a training that trains the same parameters throughout. */
export interface Phase {
  /** Counts from 0. */
  readonly firstStep: number;
  readonly trained: ReadonlySet<string>;
}

/** The phases of a training, in order, and the parameters that have learning rates of their own in all of them. */
export interface Phases {
  readonly phases: readonly Phase[];
  readonly groups?: readonly ParameterGroup[];
}

/** What is to be trained, and for how long. */
export interface PhaseOptions {
  /** Names of the parameters that are trained at all, from input to output; a group that stays as it is is empty. */
  readonly groups: readonly (readonly string[])[];
  /** Whether the last group is a classifier. */
  readonly hasHead: boolean;
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

/**
 * What a training trains when: everything in a single phase, unless layers are unfrozen from the classifier on, or freeze from the
 * front of the network on.
 *
 * @throws {OptionError} if FreezeOut is asked for and would freeze nothing
 */
export function planPhases(recipe: Recipe, options: PhaseOptions): Phases {
  const { unfreezeEvery, freezeOut } = recipe;
  if (freezeOut !== undefined) return planFreezing({ ...recipe, freezeOut }, options);
  const { groups, stepsPerEpoch } = options;
  if (unfreezeEvery === undefined) return { phases: [{ firstStep: 0, trained: new Set(groups.flat()) }] };
  const phases = groups.map((_, phase) => ({
    firstStep: phase * unfreezeEvery * stepsPerEpoch,
    trained: new Set(groups.slice(-1 - phase).flat()),
  }));
  return { phases };
}

/** A phase begins where a stage freezes. */
function planFreezing(
  recipe: Recipe & { readonly freezeOut: number },
  { groups, hasHead, steps }: PhaseOptions,
): Phases {
  const [body, head] = hasHead ? [groups.slice(0, -1), groups.at(-1)!] : [groups, []];
  const trained = body.filter((names) => names.length > 0);
  const last = [...(trained.at(-1) ?? []), ...head];
  const freezing = planFreezeOut(recipe, [...trained.slice(0, -1), last], steps);
  const starts = new Set([0, ...freezing.map((stage) => stage.steps).filter((start) => start < steps)]);
  const phases = Array.from(starts, (firstStep) => {
    const active = freezing.filter((stage) => stage.steps > firstStep);
    return { firstStep, trained: new Set([...active.flatMap(({ parameters }) => [...parameters]), ...last]) };
  });
  return { phases, groups: freezing };
}
