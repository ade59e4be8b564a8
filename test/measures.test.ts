import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { inLanguage, type Words } from "../src/report/words.ts";
import { compareRuns, describeRun, formatRun, formatRunList } from "../src/cli/runs-output.ts";
import { type AllTaskFlags, loadAllTaskFlags } from "../src/cli/task-flags.ts";
import { createReporter } from "../src/cli/training-output.ts";
import { parseStoreAddress } from "../src/store/address.ts";
import { findRun, listRuns, openRunStore } from "../src/store/run-store.ts";
import { measuresOf, type TaskName, taskNames, taskNameOf, tasks } from "../src/tasks/find-task.ts";
import type { TaskNotes } from "../src/networks/card.ts";
import { standardSettings } from "../src/tasks/segment/settings.ts";
import type { CheckpointNotes } from "../src/train/checkpoint.ts";
import type { Measure } from "../src/train/measure.ts";
import type { TrainingEvent, TrainingResult } from "../src/train/node/job.ts";
import { reportToMlflow } from "../src/train/node/mlflow.ts";
import { recordTraining } from "../src/train/node/record.ts";
import { observeForTensorBoard } from "../src/train/node/tensorboard.ts";
import type { JobObserver } from "../src/train/observers.ts";
import { exampleNotes } from "./support/training.ts";

/** Every task, and settings of it by which it is judged in other ways. */
const settings: { readonly [Name in TaskName]: readonly TaskNotes[] } = {
  classify: [{ name: "classify" }],
  plates: [
    { name: "plates", part: "locate", drawnShare: 1, samples: 1, crop: 256 },
    { name: "plates", part: "read", drawnShare: 1, samples: 1 },
  ],
  segment: [{ ...standardSettings }, { ...standardSettings, target: "classes" }],
};

const cases = taskNames.flatMap((name) =>
  settings[name].map((notes) => ({
    name,
    notes,
    target: typeof notes["target"] === "string" ? notes["target"] : "images",
  })),
);

/** What a row says of itself. */
function rowOf(notes: TaskNotes): { readonly training: Measure; readonly judged: readonly Measure[] } {
  return { training: tasks[taskNameOf(notes, "test")].trainingMeasure, judged: measuresOf(notes, "test") };
}

const every = cases.flatMap(({ notes }) => {
  const { training, judged } = rowOf(notes);
  return [training, ...judged];
});

/** Names and words of measures that a task has not. */
function foreignTo(own: readonly Measure[]): readonly string[] {
  const known = new Set(own.map(({ name }) => name));
  return every.filter(({ name }) => !known.has(name)).flatMap(({ name, words }) => [name, words.en, words.zh]);
}

/** A training of one epoch in which every measure has a value. */
function eventsOf(notes: TaskNotes): { readonly events: readonly TrainingEvent[]; readonly result: TrainingResult } {
  const { training, judged } = rowOf(notes);
  const measures = Object.fromEntries(judged.map(({ name }, index) => [name, 0.5 + index / 100]));
  const trained = { [training.name]: 0.75 };
  const record = { epoch: 1, training: { loss: 1, measures: trained }, validation: { loss: 0.5, measures } };
  const progress = {
    step: 1,
    steps: 1,
    epoch: 1,
    loss: 1,
    measures: trained,
    learningRate: 0.1,
    stepLoss: 1,
    stepMeasures: trained,
    gradientNorm: 1,
  };
  const place = { ...exampleNotes.place, step: 0, epochs: [] };
  const whole: CheckpointNotes = { ...exampleNotes, network: { ...exampleNotes.network, task: notes }, place };
  return {
    events: [
      {
        kind: "start",
        start: { notes: whole, folder: "out", stepsPerEpoch: 1, measures: { training, main: judged[0] } },
      },
      { kind: "step", progress, milliseconds: 1, batch: 1 },
      { kind: "epoch", record, isBest: true },
    ],
    result: {
      status: "done",
      steps: 1,
      epochs: [record],
      best: record,
      mainMeasure: judged[0].name,
      lowering: "portable",
      imagesPerSecond: 1,
      processorSeconds: 1,
      files: { last: "last" },
      test: { count: 30, loss: 0.25, measures },
    },
  };
}

async function observe(observer: JobObserver<TrainingEvent, TrainingResult>, notes: TaskNotes): Promise<void> {
  const { events, result } = eventsOf(notes);
  for (const event of events) observer.observe(event);
  await observer.finish({ result });
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "residua-measures-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Every way in which a training is told, as the text that comes out. */
const paths: Readonly<Record<string, (notes: TaskNotes, flags: AllTaskFlags) => Promise<string> | string>> = {
  "progress and what is printed at the end": (notes, flags) => {
    const lines: string[] = [];
    const say = (words: Words): void => void lines.push(inLanguage(words, "en"));
    const { report } = createReporter({ begin: say, update: say, finish: (text = "") => say(text) });
    const { events, result } = eventsOf(notes);
    events.forEach(report);
    say(flags[taskNameOf(notes, "test")].describeTest(result.test!));
    return lines.join("\n");
  },
  "--json": (notes) => JSON.stringify(eventsOf(notes).result),
  TensorBoard: async (notes) => {
    const folder = temporaryFolder();
    await observe(observeForTensorBoard(folder), notes);
    return readFileSync(join(folder, readdirSync(folder)[0]), "latin1");
  },
  MLflow: async (notes) => {
    const bodies: string[] = [];
    vi.stubGlobal("fetch", async (_: unknown, { body }: RequestInit) => {
      bodies.push(body as string);
      return Response.json({ experiment: { experiment_id: "1" }, experiment_id: "1", run: { info: { run_id: "1" } } });
    });
    onTestFinished(() => void vi.unstubAllGlobals());
    const told: string[] = [];
    await observe(
      reportToMlflow({ url: "http://localhost", say: (text) => void told.push(text), timing: { pause: 1 } }),
      notes,
    );
    expect(told).toEqual([]);
    return bodies.join("\n");
  },
  "the run store, and what runs prints of it": async (notes) => {
    const folder = temporaryFolder();
    const address = join(folder, "runs.db");
    const open = (): ReturnType<typeof openRunStore> => openRunStore(parseStoreAddress(address));
    const project = { path: folder, artifacts: join(folder, "artifacts"), unsent: join(folder, "unsent") };
    const told: string[] = [];
    const about = { project, store: address, unsentFolder: project.unsent, open };
    await observe(
      recordTraining({
        ...about,
        say: (text) => void told.push(text),
        onStart: () => {},
      }),
      notes,
    );
    const store = await open();
    onTestFinished(() => store.close());
    const [{ id }] = await listRuns(store);
    const run = await findRun(store, id);
    const printed = [formatRunList([run]), formatRun(run, [], String), describeRun(run)].join("\n");
    return `${printed}\n${JSON.stringify([run.summary, run.result, compareRuns([run, run])])}`;
  },
};

describe.each(cases)("a training to $name $target", ({ notes }) => {
  const { training, judged } = rowOf(notes);

  test.each(Object.keys(paths))("is told by %s under its own measures' names, and no other", async (path) => {
    const text = await paths[path](notes, await loadAllTaskFlags());
    const has = (words: string): boolean =>
      new RegExp(`(?<![\\w])${words.replaceAll(/[^\w ]/g, "\\$&")}(?!\\w)`).test(text);
    const isSaid = ({ name, words }: Measure): boolean => has(name) || has(words.en);
    expect([training, judged[0]].filter((measure) => !isSaid(measure))).toEqual([]);
    expect(foreignTo([training, ...judged]).filter(has)).toEqual([]);
  });
});

test("an evaluation has the measures of its task's row, all of them null where there is nothing to judge", async () => {
  const card = exampleNotes.network;
  for (const { name, notes } of cases) {
    // Without samples, the session is never asked.
    const network = { card: { ...card, task: notes }, session: undefined as never, settings: notes as never };
    const found = await tasks[name].judge(network, [], {});
    expect(Object.keys(found.measures).toSorted()).toEqual(
      rowOf(notes)
        .judged.map((each) => each.name)
        .toSorted(),
    );
    expect(Object.values(found.measures).filter((value) => value !== null)).toEqual([]);
    expect(found.unmeasured).toBe("there are no images");
  }
});
