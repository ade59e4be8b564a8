import { toCurvePoint } from "../../curve-point.ts";
import type { ComputedEvent, OngoingFacts, TrainEvent, TrainJob } from "../../engine.ts";
import type { JobMemory } from "../served-job.ts";

/** Told by what computes, it tells a page. */
type TrainingMemory = JobMemory<ComputedEvent, TrainEvent>;

type Of<Kind extends TrainEvent["kind"]> = Extract<TrainEvent, { readonly kind: Kind }>;

/** Keeps of a training what a page needs that comes back: its notes and curve, and the last step and checkpoint. */
export function rememberTraining({ name, choice, classes }: TrainJob): TrainingMemory {
  const notes: TrainEvent[] = [];
  const [losses, accuracies]: [number[], number[]] = [[], []];
  let [start, checkpoint, judging]: (TrainEvent | undefined)[] = [];
  let step: Of<"step"> | undefined;
  const hear = (event: ComputedEvent): void => {
    if (event.kind === "start") start = event;
    if (event.kind === "note") notes.push(event);
    if (event.kind === "checkpoint") checkpoint = event;
    if (event.kind === "judging") judging = event;
    if (event.kind !== "step") return;
    step = event;
    const { loss, accuracy } = toCurvePoint(event.progress);
    losses.push(loss);
    accuracies.push(accuracy);
  };
  const curve = (): Of<"curve"> | undefined =>
    step && {
      kind: "curve",
      first: step.progress.step - losses.length + 1,
      losses: Float32Array.from(losses),
      accuracies: Float32Array.from(accuracies),
    };
  const describe = (): OngoingFacts => ({
    name,
    choice,
    classes: classes.length,
    ...(step && { step: step.progress.step, steps: step.progress.steps }),
  });
  return {
    hear,
    recall: () => [start, ...notes, curve(), step, checkpoint, judging].filter((event) => event !== undefined),
    describe,
  };
}
