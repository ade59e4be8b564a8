import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Race, RaceEvent, RaceJob, RaceResult, RaceStep } from "../engine.ts";
import type { Message } from "../said.ts";
import { engine, holdEngine } from "./engines.ts";
import { messageOf } from "./message.ts";

/** What a lane is doing. */
export type Phase = "waiting" | "loading" | "compiling" | "training" | "testing" | "ended";

/** One network of the race that is shown. */
export interface LaneState {
  readonly job: RaceJob;
  readonly phase: Phase;
  readonly steps: readonly RaceStep[];
  readonly result?: RaceResult;
}

/** A lane as events change it. */
interface Lane {
  readonly job: RaceJob;
  phase: Phase;
  readonly steps: RaceStep[];
  result?: RaceResult;
}

/** A race as a page shows it. */
export interface RaceState {
  /** Empty before the first race. */
  readonly lanes: readonly LaneState[];
  readonly isRunning: boolean;
  /** Why the race could not be run. */
  readonly problem?: Message;
}

/** A race that is shown at most ten times a second, however fast its steps come. */
export interface ShownRace {
  readonly state: ReadonlySignal<RaceState>;
  /** Resolves when the race is over, with its lanes. */
  start(jobs: readonly RaceJob[]): Promise<readonly LaneState[]>;
  stop(): void;
  /** Ends what runs and shows nothing. */
  clear(): void;
}

const MILLISECONDS_BETWEEN = 100;

function apply(lane: Lane, event: RaceEvent): void {
  if (event.kind === "step") {
    lane.phase = "training";
    lane.steps.push(event.step);
  } else if (event.kind === "result") {
    lane.phase = "ended";
    lane.result = event.result;
  } else lane.phase = event.kind;
}

/** A race by the engine that is chosen when it starts, with what a page shows of it. */
export function createShownRace(): ShownRace {
  const state: Signal<RaceState> = signal({ lanes: [], isRunning: false });
  let race: Race | undefined;
  let lanes: readonly Lane[] = [];
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const show = (change: Partial<RaceState> = {}): void => {
    clearTimeout(waiting);
    waiting = undefined;
    // New objects: a component whose properties are the same ones is not drawn anew.
    state.value = { ...state.value, ...change, lanes: lanes.map((lane) => ({ ...lane })) };
  };
  const showSoon = (): void => void (waiting ??= setTimeout(show, MILLISECONDS_BETWEEN));
  const clear = (): void => {
    // At once: until it has ended, it would take up the server's room for the next one.
    race?.kill();
    race = undefined;
    lanes = [];
    clearTimeout(waiting);
    waiting = undefined;
    state.value = { lanes, isRunning: false };
  };
  const start = async (jobs: readonly RaceJob[]): Promise<readonly LaneState[]> => {
    clear();
    const started = jobs.map((job): Lane => ({ job, phase: "loading", steps: [] }));
    lanes = started;
    show({ isRunning: true });
    const own = engine.value.race(jobs, (event) => {
      apply(started[event.lane], event);
      if (race === own) showSoon();
    });
    race = own;
    holdEngine(own.result);
    try {
      await own.result;
      if (race === own) show({ isRunning: false });
    } catch (error) {
      for (const lane of started) lane.phase = "ended";
      if (race === own) show({ isRunning: false, problem: messageOf(error) });
    }
    return started;
  };
  return { state, start, stop: () => race?.stop(), clear };
}
