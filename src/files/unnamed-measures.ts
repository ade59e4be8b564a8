/** The measures of a training that version 0.1.0 kept as "accuracy", whatever they were. */
export interface UnnamedMeasures {
  /** What its steps counted as right. */
  readonly training: string;
  /** The main measure of its validation and its test. */
  readonly main: string;
}

const mainByTarget = new Map([
  ["instances", "meanAp"],
  ["classes", "meanIou"],
]);

/** What "accuracy" meant in a training of version 0.1.0. @param task the task as its network's card has it */
export function measuresBefore(task: unknown): UnnamedMeasures {
  // That version knew two tasks: one without a target, and one with either of two.
  const target = isObject(task) ? task["target"] : undefined;
  const main = typeof target === "string" ? mainByTarget.get(target) : undefined;
  return main === undefined ? { training: "accuracy", main: "accuracy" } : { training: "pointAccuracy", main };
}

type Plain = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Plain data about a training as version 0.1.0 kept them, with every measure under its name: the epochs and the best one, and
 * the test. What has names already, or is something else, stays as it is.
 *
 * @param kept a training's place or its result
 * @param task the task as its network's card has it
 */
export function nameMeasures(kept: unknown, task: unknown): unknown {
  if (!isObject(kept)) return kept;
  const names = measuresBefore(task);
  const { epochs, best, test } = kept;
  return {
    ...kept,
    ...(Array.isArray(epochs) ? { epochs: epochs.map((epoch: unknown) => nameEpoch(epoch, names)) } : {}),
    ...(best === undefined ? {} : { best: nameEpoch(best, names) }),
    ...(test === undefined ? {} : { test: nameTest(test, names) }),
  };
}

function nameEpoch(epoch: unknown, { training, main }: UnnamedMeasures): unknown {
  if (!isObject(epoch) || !("trainAccuracy" in epoch)) return epoch;
  const { trainLoss, trainAccuracy, validation, ...rest } = epoch;
  const named = isObject(validation) && "accuracy" in validation ? nameMain(validation, main) : validation;
  return {
    ...rest,
    training: { loss: trainLoss, measures: { [training]: trainAccuracy } },
    ...(named === undefined ? {} : { validation: named }),
  };
}

function nameMain({ accuracy, ...rest }: Plain, main: string): Plain {
  return { ...rest, measures: { [main]: accuracy } };
}

/** The task's other figures are measures, too; those of classes stand beside them. */
function nameTest(test: unknown, { main }: UnnamedMeasures): unknown {
  if (!isObject(test) || !("accuracy" in test)) return test;
  const { accuracy, figures, ...rest } = test;
  const all = Object.entries(isObject(figures) ? figures : {});
  const dice = all.flatMap(([name, value]) => (name.startsWith("dice ") ? [[name.slice(5), value] as const] : []));
  const others = all.filter(([name]) => !name.startsWith("dice "));
  return {
    ...rest,
    measures: { [main]: accuracy, ...Object.fromEntries(others) },
    ...(dice.length === 0 ? {} : { dice: Object.fromEntries(dice) }),
  };
}
